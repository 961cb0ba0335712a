// SPDX-License-Identifier: Apache-2.0
//! A node that a test drives: commands come in on standard input, one a line, each is answered with one
//! line on standard output.
//!
//! | command                        | answer                                                            |
//! |--------------------------------|-------------------------------------------------------------------|
//! | `dial HOST:PORT`               | `link ADDRESS`: a TCP connection                                  |
//! | `dial-udp IP:PORT`             | `link ADDRESS`: a UDP socket of its own with that peer            |
//! | `close ADDRESS`                | `closed`                                                          |
//! | `links`                        | `links N`: TCP connections that are open                          |
//! | `ask ROUTE BYTES [MS]`         | `reply BYTES SHA256 RETURN-ROUTE`, or `none`                      |
//! | `text ROUTE TEXT`              | `reply TEXT`, or `none`; BARE strings both ways                   |
//! | `pipeline ROUTE COUNT BYTES [MS]` | `replies COUNT in-order`, or `replies COUNT disordered`        |
//! | `heartbeat ADDRESS`            | `sent`: a message whose onward route is empty on the wire         |
//! | `tell ROUTE HEX`               | `sent`: that payload, and nobody waits for a reply                |
//! | `relay ADDRESS NAME`           | `relay WORKER`: registered at the node behind that connection     |
//! | `keep HOST:PORT NAME`          | `kept`: a relay there, over a connection of its own, as sessions of the reference keep it |
//! | `pings`                        | `pings REGISTRATIONS SENT ANSWERED`: what became of that          |
//! | `outlet NAME HOST:PORT`        | `outlet NAME`: one end of a portal, for peers of all listeners so far |
//! | `inlet ROUTE`                  | `inlet HOST:PORT`: the other end, at a free port                  |
//! | `identity`                     | `identity IDENTIFIER`: of this node, made when it is first asked for |
//! | `rotate`                       | `rotated CHANGES`: has a new key; how many changes its history has then |
//! | `copy NAME`                    | `copied NAME`: keeps who it is now, history and key, under that name |
//! | `be NAME`                      | `identity IDENTIFIER`: listeners and channels from now on are that copy's |
//! | `secure-listener NAME [IDENTIFIER]` | `listener NAME`: takes secure channels, of anybody or of that one |
//! | `secure ROUTE [IDENTIFIER [MS]]` | `channel ADDRESS IDENTIFIER`: to that listener, with anybody or that one |
//! | `close-channel ADDRESS`        | `closed`                                                          |
//!
//! ROUTE is a list of addresses with commas between them. What goes wrong is answered with `error TEXT`.

use crate::identities::Somebody;
use crate::kept::{keep, Counts};
use crate::requests::{ask, parse_route, pattern, pipeline, sha256, tell};
use crate::workers::{Echo, Hop, Uppercase};
use ockam::identity::{Identifier, SecureChannelListenerOptions, SecureChannelOptions, TrustEveryonePolicy, TrustIdentifierPolicy};
use ockam::udp::{UdpBindArguments, UdpBindOptions, UdpTransport};
use ockam::remote::{RemoteRelay, RemoteRelayOptions};
use ockam::{route, Context, Encodable, RelayService, RelayServiceOptions, Result};
use ockam_core::flow_control::FlowControlId;
use ockam::transport::HostnamePort;
use ockam_transport_tcp::{TcpConnectionOptions, TcpInletOptions, TcpListenerOptions, TcpOutletOptions, TcpTransport};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};

const SERVICES: [&str; 3] = ["echo", "uppercase", "hop"];

pub struct Session {
    ctx: Context,
    tcp: Arc<TcpTransport>,
    udp: Arc<UdpTransport>,
    flows: Vec<FlowControlId>,
    identity: Option<Somebody>,
    copies: HashMap<String, Somebody>,
    kept: Arc<Counts>,
}

impl Session {
    /// Starts the services and listens; prints `tcp ADDRESS`, `udp ADDRESS LINK`, then `ready`.
    pub async fn start(ctx: Context, tcp_at: Option<String>, udp_at: Option<String>) -> Result<Self> {
        let tcp = TcpTransport::get_or_create(&ctx)?;
        let udp = UdpTransport::get_or_create(&ctx)?;
        ctx.start_worker("echo", Echo)?;
        ctx.start_worker("uppercase", Uppercase)?;
        ctx.start_worker("hop", Hop)?;
        let mut s = Session { ctx, tcp, udp, flows: vec![], identity: None, copies: HashMap::new(), kept: Default::default() };
        if let Some(at) = tcp_at {
            let options = TcpListenerOptions::new();
            s.admit(options.spawner_flow_control_id());
            s.serve_relays(options.spawner_flow_control_id())?;
            println!("tcp {}", s.tcp.listen(at, options).await?.socket_address());
        }
        if let Some(at) = udp_at {
            let options = UdpBindOptions::new();
            s.admit(options.flow_control_id());
            let bind = s.udp.bind(UdpBindArguments::new().with_bind_address(at)?, options).await?;
            println!("udp {} {}", bind.bind_address(), bind.sender_address().address());
        }
        println!("ready");
        Ok(s)
    }

    /// Until standard input ends.
    pub async fn serve(&mut self) -> Result<()> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match self.obey(line.trim()).await {
                Ok(answer) => println!("{answer}"),
                Err(e) => println!("error {}", e.to_string().replace('\n', " ")),
            }
        }
        Ok(())
    }

    /// Lets messages of this flow reach the services.
    fn admit(&mut self, id: FlowControlId) {
        for name in SERVICES {
            self.ctx.flow_controls().add_consumer(&name.into(), &id);
        }
        self.flows.push(id);
    }

    /// As a node of the reference's command line does for its listener.
    fn serve_relays(&self, id: FlowControlId) -> Result<()> {
        let options = RelayServiceOptions::new()
            .alias("static_forwarding_service")
            .service_as_consumer(&id)
            .relay_as_consumer(&id)
            .prefix("forward_to_");
        RelayService::create(&self.ctx, "forwarding_service", options).map(|_| ())
    }

    async fn obey(&mut self, line: &str) -> Result<String> {
        let word: Vec<&str> = line.split(' ').collect();
        let number = |i: usize, otherwise: usize| word.get(i).and_then(|w| w.parse().ok()).unwrap_or(otherwise);
        let wait = |i: usize| Duration::from_millis(number(i, 20_000) as u64);
        Ok(match word.as_slice() {
            ["dial", to] => self.dial(to).await?,
            ["dial-udp", to] => self.dial_udp(to).await?,
            ["close", link] => {
                self.ctx.stop_address(&(*link).into())?;
                "closed".into()
            }
            ["links"] => format!("links {}", self.tcp.registry().get_all_sender_workers().len()),
            ["ask", to, ..] => match ask(&self.ctx, &self.flows, &parse_route(to), pattern(number(2, 0)), wait(3)).await? {
                Some((body, back)) => format!("reply {} {} {}", body.len(), sha256(&body), back),
                None => "none".into(),
            },
            ["text", to, ..] => {
                let text = line.splitn(3, ' ').nth(2).unwrap_or_default().to_string();
                match ask(&self.ctx, &self.flows, &parse_route(to), text.encode()?, wait(usize::MAX)).await? {
                    Some((body, _)) => format!("reply {}", <String as ockam::Decodable>::decode(&body)?),
                    None => "none".into(),
                }
            }
            ["pipeline", to, ..] => {
                let (came, in_order) =
                    pipeline(&self.ctx, &self.flows, &parse_route(to), number(2, 1), number(3, 64), wait(4)).await?;
                format!("replies {came} {}", if in_order { "in-order" } else { "disordered" })
            }
            ["heartbeat", link] => {
                tell(&self.ctx, &parse_route(link), vec![]).await?;
                "sent".into()
            }
            ["tell", to, payload] => {
                tell(&self.ctx, &parse_route(to), hex::decode(payload).unwrap_or_default()).await?;
                "sent".into()
            }
            ["relay", link, name] => {
                let info = RemoteRelay::create_static(&self.ctx, route![*link], *name, RemoteRelayOptions::new()).await?;
                format!("relay {}", info.remote_address())
            }
            ["keep", at, name] => {
                self.kept = keep(&self.ctx, &self.tcp, at, name, &SERVICES)?;
                "kept".into()
            }
            ["pings"] => {
                let of = |n: &AtomicUsize| n.load(SeqCst);
                format!("pings {} {} {}", of(&self.kept.registrations), of(&self.kept.sent), of(&self.kept.answered))
            }
            ["outlet", name, to] => {
                let options = self.flows.iter().fold(TcpOutletOptions::new(), |o, id| o.as_consumer(id));
                self.tcp.create_outlet(*name, HostnamePort::from_str(to)?, options)?;
                format!("outlet {name}")
            }
            ["identity"] => format!("identity {}", self.somebody().await?.id),
            ["rotate"] => format!("rotated {}", self.somebody().await?.rotate().await?),
            ["copy", name] => {
                let copy = self.somebody().await?.copy().await?;
                self.copies.insert(name.to_string(), copy);
                format!("copied {name}")
            }
            ["be", name] => match self.copies.remove(*name) {
                Some(copy) => format!("identity {}", self.identity.insert(copy).id),
                None => format!("error no copy {name}"),
            },
            ["secure-listener", name, ..] => self.secure_listener(name, word.get(2).copied()).await?,
            ["secure", route, ..] => self.secure(route, word.get(2).copied(), Duration::from_millis(number(3, 15_000) as u64)).await?,
            ["close-channel", address] => {
                let channels = self.somebody().await?.node.secure_channels();
                channels.stop_secure_channel(&self.ctx, &(*address).into())?;
                "closed".into()
            }
            ["inlet", route] => {
                let inlet = self.tcp.create_inlet("127.0.0.1:0", parse_route(route), TcpInletOptions::new()).await?;
                format!("inlet {}", inlet.socket_address())
            }
            _ => format!("error unknown command: {line}"),
        })
    }

    /// Made when it is first asked for.
    async fn somebody(&mut self) -> Result<&Somebody> {
        if self.identity.is_none() {
            self.identity = Some(Somebody::new(&self.ctx).await?);
        }
        Ok(self.identity.as_ref().unwrap())
    }

    /// Its channels reach the services, and it can be reached through them itself.
    async fn secure_listener(&mut self, name: &str, authorized: Option<&str>) -> Result<String> {
        let mut options = self.flows.iter().fold(SecureChannelListenerOptions::new(), |o, f| o.as_consumer(f));
        options = match authorized {
            Some(who) => options.with_trust_policy(TrustIdentifierPolicy::new(Identifier::from_str(who)?)),
            None => options.with_trust_policy(TrustEveryonePolicy),
        };
        let me = self.somebody().await?;
        let listener = me.node.create_secure_channel_listener(&me.id, name, options)?;
        let flow = listener.flow_control_id().clone();
        self.ctx.flow_controls().add_consumer(&name.into(), &flow);
        self.admit(flow);
        Ok(format!("listener {name}"))
    }

    async fn secure(&mut self, to: &str, authorized: Option<&str>, within: Duration) -> Result<String> {
        let options = SecureChannelOptions::new().with_timeout(within);
        let options = match authorized {
            Some(who) => options.with_trust_policy(TrustIdentifierPolicy::new(Identifier::from_str(who)?)),
            None => options.with_trust_policy(TrustEveryonePolicy),
        };
        let me = self.somebody().await?;
        let channel = me.node.create_secure_channel(&me.id, parse_route(to), options).await?;
        let answer = format!("channel {} {}", channel.encryptor_address().address(), channel.their_identifier());
        self.admit(channel.flow_control_id().clone());
        Ok(answer)
    }

    async fn dial(&mut self, to: &str) -> Result<String> {
        let link = self.tcp.connect(to, TcpConnectionOptions::new()).await?;
        self.admit(link.flow_control_id().clone());
        Ok(format!("link {}", link.sender_address().address()))
    }

    async fn dial_udp(&mut self, to: &str) -> Result<String> {
        let options = UdpBindOptions::new();
        let id = options.flow_control_id();
        let link = self.udp.bind(UdpBindArguments::new().with_peer_address(to).await?, options).await?;
        self.admit(id);
        Ok(format!("link {}", link.sender_address().address()))
    }
}

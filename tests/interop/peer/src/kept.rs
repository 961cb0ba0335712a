// SPDX-License-Identifier: Apache-2.0
//! A relay that stays registered, as the sessions of the reference's nodes keep theirs (these are in a crate that brings a
//! database and a cloud with it): a ping to `echo` of the relay node as soon as it is up and then every 10 s; any answer clears
//! what was not answered, three that were not are the end, and a new connection and registration follow; what fails is
//! tried again after 5 s.

use ockam::remote::{RemoteRelay, RemoteRelayOptions};
use ockam::{route, Address, Context, LocalMessage, Result, Route};
use ockam_core::access_control::AllowAll;
use ockam_node::MessageReceiveOptions;
use ockam_transport_tcp::{TcpConnectionOptions, TcpTransport};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, Instant};

const INTERVAL: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(5);
const MOST_UNANSWERED: usize = 3;

#[derive(Default)]
pub struct Counts {
    pub registrations: AtomicUsize,
    pub sent: AtomicUsize,
    pub answered: AtomicUsize,
}

pub struct Kept {
    pub own: Context,
    pub tcp: Arc<TcpTransport>,
    pub at: String,
    pub name: String,
    pub services: Vec<Address>,
    pub counts: Arc<Counts>,
}

impl Kept {
    /// For ever.
    pub async fn run(mut self) {
        loop {
            match self.register().await {
                Ok(echo) => self.ping(echo).await,
                Err(_) => sleep(RETRY).await,
            }
        }
    }

    /// The route of pings.
    async fn register(&mut self) -> Result<Route> {
        let link = self.tcp.connect(self.at.as_str(), TcpConnectionOptions::new()).await?;
        for worker in &self.services {
            self.own.flow_controls().add_consumer(worker, link.flow_control_id());
        }
        self.own.flow_controls().add_consumer(self.own.primary_address(), link.flow_control_id());
        let to = link.sender_address().clone();
        RemoteRelay::create_static(&self.own, route![to.clone()], self.name.as_str(), RemoteRelayOptions::new()).await?;
        self.counts.registrations.fetch_add(1, SeqCst);
        Ok(route![to, "echo"])
    }

    /// Until three have not been answered.
    async fn ping(&mut self, echo: Route) {
        let mut unanswered = 0;
        while unanswered < MOST_UNANSWERED {
            unanswered += 1;
            let number = self.counts.sent.fetch_add(1, SeqCst) as u64 + (1 << 40);
            let mut payload = vec![0x1b]; // a number in CBOR
            payload.extend_from_slice(&number.to_be_bytes());
            let message = LocalMessage::new()
                .with_onward_route(echo.clone())
                .with_return_route(route![self.own.primary_address().clone()])
                .with_payload(payload);
            let _ = self.own.forward(message).await;
            let next = Instant::now() + INTERVAL;
            while let Some(left) = next.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) {
                let options = MessageReceiveOptions::new().with_timeout(left);
                if self.own.receive_extended::<Vec<u8>>(options).await.is_ok() {
                    self.counts.answered.fetch_add(1, SeqCst);
                    unanswered = 0;
                }
            }
        }
    }
}

/// Begins; what it does is in `counts`.
pub fn keep(ctx: &Context, tcp: &Arc<TcpTransport>, at: &str, name: &str, services: &[&str]) -> Result<Arc<Counts>> {
    let counts = Arc::new(Counts::default());
    let kept = Kept {
        own: ctx.new_detached(Address::random_local(), AllowAll, AllowAll)?,
        tcp: tcp.clone(),
        at: at.into(),
        name: name.into(),
        services: services.iter().map(|s| (*s).into()).collect(),
        counts: counts.clone(),
    };
    tokio::spawn(kept.run());
    Ok(counts)
}

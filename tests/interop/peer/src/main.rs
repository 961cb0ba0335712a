// SPDX-License-Identifier: Apache-2.0
//! A real Ockam node, over the crates that its authors publish: what the interop tests talk to
//! and what the benchmark compares with.

mod channels;
mod identities;
mod kept;
mod load;
mod requests;
mod session;
mod traces;
mod workers;

use ockam::{Address, Context, Result};
use ockam_core::access_control::AllowAll;
use ockam_node::NodeBuilder;
use ockam_transport_tcp::{TcpConnectionOptions, TcpTransport};

const USAGE: &str = "\
peer node [--tcp ADDRESS] [--udp ADDRESS] [--traces]
                                                  a node; commands on standard input (see session.rs); its messages
                                                  say which trace they belong to
peer load HOST:PORT ROUTE BYTES WINDOW SECONDS    connect, keep WINDOW messages under way, count replies;
                                                  secure:LISTENER,ROUTE goes through a secure channel
peer handshakes HOST:PORT LISTENER COUNT          connect, make secure channels one after the other, print the median time
peer local HOPS BYTES WINDOW SECONDS              the same through hops and echo inside this process
";

fn option(args: &[String], name: &str) -> Option<String> {
    let at = args.iter().position(|a| a == name)?;
    args.get(at + 1).cloned()
}

async fn run(ctx: Context, args: Vec<String>) -> Result<()> {
    let number = |i: usize| args.get(i).and_then(|a| a.parse::<f64>().ok()).unwrap_or(1.0);
    match args.first().map(String::as_str) {
        Some("node") => {
            let mut s = session::Session::start(ctx, option(&args, "--tcp"), option(&args, "--udp")).await?;
            s.serve().await
        }
        Some("load") if args.len() == 6 => {
            let tcp = TcpTransport::get_or_create(&ctx)?;
            let link = tcp.connect(&args[1], TcpConnectionOptions::new()).await?;
            let mut own = ctx.new_detached(Address::random_local(), AllowAll, AllowAll)?;
            own.flow_controls().add_consumer(own.primary_address(), link.flow_control_id());
            let mut first = link.sender_address().clone();
            let mut route = args[2].as_str();
            if let Some((listener, rest)) = route.strip_prefix("secure:").and_then(|r| r.split_once(',')) {
                let channel = channels::Maker::new(&ctx, &link).await?.make(listener).await?;
                own.flow_controls().add_consumer(own.primary_address(), channel.flow_control_id());
                first = channel.encryptor_address().clone();
                route = rest;
            }
            let route = first + requests::parse_route(route);
            load::run(&mut own, route, number(3) as usize, number(4) as usize, number(5)).await
        }
        Some("handshakes") if args.len() == 4 => {
            let tcp = TcpTransport::get_or_create(&ctx)?;
            let link = tcp.connect(&args[1], TcpConnectionOptions::new()).await?;
            channels::Maker::new(&ctx, &link).await?.measure(&args[2], number(3) as usize).await
        }
        Some("local") if args.len() == 5 => {
            let mut hops: Vec<Address> = vec![];
            for i in 0..number(1) as usize {
                let name: Address = format!("hop{i}").into();
                ctx.start_worker(name.clone(), workers::Hop)?;
                hops.push(name);
            }
            ctx.start_worker("echo", workers::Echo)?;
            hops.push("echo".into());
            let mut own = ctx.new_detached(Address::random_local(), AllowAll, AllowAll)?;
            load::run(&mut own, ockam::Route::create(hops), number(2) as usize, number(3) as usize, number(4)).await
        }
        _ => {
            eprint!("{USAGE}");
            std::process::exit(64)
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|a| a == "--traces") {
        traces::begin();
    }
    let (ctx, mut executor) = NodeBuilder::new().no_logging().build();
    let done = executor.execute(async move {
        if let Err(e) = run(ctx, args).await {
            eprintln!("peer: {e}");
            std::process::exit(1);
        }
        std::process::exit(0)
    });
    let _: std::result::Result<std::result::Result<(), ockam::Error>, _> = done;
}

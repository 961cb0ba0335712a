// SPDX-License-Identifier: Apache-2.0
//! Messages along a route, and what comes back. Every request has a fresh address for its replies, which
//! whoever is named in `flows` may reach.

use ockam::{route, Address, Context, LocalMessage, Result, Route};
use ockam_core::access_control::AllowAll;
use ockam_core::flow_control::FlowControlId;
use ockam_node::MessageReceiveOptions;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// `BYTES` bytes that the tests know how to make as well: 0, 1, … 250, 0, …
pub fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|i| (i % 251) as u8).collect()
}

/// `a,b,2#127.0.0.1:5000` → a route.
pub fn parse_route(text: &str) -> Route {
    Route::create(text.split(',').map(Address::from_string).collect::<Vec<_>>())
}

fn fresh(ctx: &Context, flows: &[FlowControlId]) -> Result<Context> {
    let own = ctx.new_detached(Address::random_local(), AllowAll, AllowAll)?;
    for id in flows {
        own.flow_controls().add_consumer(own.primary_address(), id);
    }
    Ok(own)
}

fn message(onward: &Route, back: &Address, payload: Vec<u8>) -> LocalMessage {
    LocalMessage::new()
        .with_onward_route(onward.clone())
        .with_return_route(route![back.clone()])
        .with_payload(payload)
}

/// The payload and the return route of the first reply, or none within the time.
pub async fn ask(ctx: &Context, flows: &[FlowControlId], onward: &Route, payload: Vec<u8>, wait: Duration) -> Result<Option<(Vec<u8>, Route)>> {
    let mut own = fresh(ctx, flows)?;
    let back = own.primary_address().clone();
    own.forward(message(onward, &back, payload)).await?;
    Ok(match own.receive_extended::<Vec<u8>>(MessageReceiveOptions::new().with_timeout(wait)).await {
        Ok(reply) => {
            let m = reply.into_local_message();
            Some((m.payload().to_vec(), m.return_route().clone()))
        }
        Err(_) => None,
    })
}

/// A message that expects nothing back.
pub async fn tell(ctx: &Context, onward: &Route, payload: Vec<u8>) -> Result<()> {
    ctx.forward(message(onward, ctx.primary_address(), payload)).await
}

/// Sends `count` numbered messages without waiting for their replies, and takes these in meanwhile:
/// how many came, and whether in order and unchanged.
pub async fn pipeline(ctx: &Context, flows: &[FlowControlId], onward: &Route, count: usize, bytes: usize, wait: Duration) -> Result<(usize, bool)> {
    let mut own = fresh(ctx, flows)?;
    let back = own.primary_address().clone();
    let numbered = move |i: usize| {
        let mut body = pattern(bytes.max(4));
        body[..4].copy_from_slice(&(i as u32).to_be_bytes());
        body
    };
    let (sender, onward) = (fresh(ctx, &[])?, onward.clone());
    let sending = tokio::spawn(async move {
        for i in 0..count {
            sender.forward(message(&onward, &back, numbered(i))).await?;
        }
        Ok::<(), ockam::Error>(())
    });
    let (mut came, mut in_order) = (0, true);
    while came < count {
        match own.receive_extended::<Vec<u8>>(MessageReceiveOptions::new().with_timeout(wait)).await {
            Ok(reply) => {
                in_order &= reply.into_local_message().payload() == numbered(came).as_slice();
                came += 1;
            }
            Err(_) => break,
        }
    }
    sending.abort(); // done, unless replies stopped: then it waits for ever
    Ok((came, in_order))
}

pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

// SPDX-License-Identifier: Apache-2.0
//! Load: a number of messages under way all the time, replies counted.

use crate::requests::pattern;
use ockam::{Context, Result, Route};
use ockam_node::MessageReceiveOptions;
use std::time::{Duration, Instant};

/// Prints `replies PER_SECOND MEGABYTES_PER_SECOND`. More than 8 in flight can stop such a node for
/// ever: its mailboxes hold 8 messages, and two that wait for each other's room wait for good.
pub async fn run(ctx: &mut Context, route: Route, bytes: usize, window: usize, seconds: f64) -> Result<()> {
    let body = pattern(bytes);
    for _ in 0..window {
        ctx.send(route.clone(), body.clone()).await?;
    }
    let warm = Instant::now() + Duration::from_millis(300);
    let (mut start, mut replies) = (None, 0u64);
    loop {
        ctx.receive_extended::<Vec<u8>>(MessageReceiveOptions::new().with_timeout_secs(20)).await?;
        ctx.send(route.clone(), body.clone()).await?;
        match start {
            None if Instant::now() > warm => start = Some(Instant::now()),
            None => {}
            Some(_) => replies += 1,
        }
        if let Some(s) = start.filter(|_| replies % 64 == 0) {
            let passed = s.elapsed().as_secs_f64();
            if passed > seconds {
                let rate = replies as f64 / passed;
                println!("replies {:.0} {:.1}", rate, rate * bytes as f64 / 1e6);
                return Ok(());
            }
        }
    }
}

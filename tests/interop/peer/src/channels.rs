// SPDX-License-Identifier: Apache-2.0
//! Secure channels of the load generator: its node has one identity, and trusts everyone.

use ockam::identity::{Identifier, SecureChannel, SecureChannelOptions, TrustEveryonePolicy};
use ockam::{node, route, Address, Context, Node, Result};
use ockam_core::access_control::AllowAll;
use ockam_transport_tcp::TcpConnection;
use std::time::Instant;

pub struct Maker {
    node: Node,
    id: Identifier,
    link: Address,
}

impl Maker {
    pub async fn new(ctx: &Context, link: &TcpConnection) -> Result<Maker> {
        let node = node(ctx.new_detached("identities", AllowAll, AllowAll)?).await?;
        let id = node.create_identity().await?;
        Ok(Maker { node, id, link: link.sender_address().clone() })
    }

    pub async fn make(&self, listener: &str) -> Result<SecureChannel> {
        let options = SecureChannelOptions::new().with_trust_policy(TrustEveryonePolicy);
        self.node.create_secure_channel(&self.id, route![self.link.clone(), listener], options).await
    }

    /// Prints `handshake MILLISECONDS`, the median.
    pub async fn measure(&self, listener: &str, count: usize) -> Result<()> {
        let mut took = vec![];
        for _ in 0..count.max(1) {
            let began = Instant::now();
            self.make(listener).await?;
            took.push(began.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        println!("handshake {:.3}", took[took.len() / 2]);
        Ok(())
    }
}

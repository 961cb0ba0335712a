// SPDX-License-Identifier: Apache-2.0
//! The stock services, as a node of the reference's command line has them.

use ockam::{Any, Context, Result, Routed, Worker};

/// Answers with the same bytes, whatever they are.
pub struct Echo;

#[ockam::worker]
impl Worker for Echo {
    type Context = Context;
    type Message = Vec<u8>;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<Vec<u8>>) -> Result<()> {
        ctx.send(msg.return_route().clone(), msg.into_body()?).await
    }
}

/// A BARE string in, the same in upper case out.
pub struct Uppercase;

#[ockam::worker]
impl Worker for Uppercase {
    type Context = Context;
    type Message = String;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<String>) -> Result<()> {
        ctx.send(msg.return_route().clone(), msg.into_body()?.to_uppercase()).await
    }
}

/// Passes messages on.
pub struct Hop;

#[ockam::worker]
impl Worker for Hop {
    type Context = Context;
    type Message = Any;

    async fn handle_message(&mut self, ctx: &mut Context, msg: Routed<Any>) -> Result<()> {
        let own = ctx.primary_address().clone();
        ctx.forward(msg.into_local_message().step_forward(own)?).await
    }
}

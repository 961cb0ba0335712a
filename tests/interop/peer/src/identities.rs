// SPDX-License-Identifier: Apache-2.0
//! Who a node is, and copies of that: each has a vault and a memory of others of its own, so that two of them can change the
//! one key in two ways, which an honest node never does.

use ockam::identity::Identifier;
use ockam::vault::storage::{SecretsRepository, SecretsSqlxDatabase};
use ockam::{Address, Context, Node, Result};
use ockam_core::access_control::AllowAll;
use std::sync::Arc;

pub struct Somebody {
    pub node: Node,
    pub id: Identifier,
    secrets: Arc<SecretsSqlxDatabase>,
}

async fn nobody(ctx: &Context) -> Result<(Node, Arc<SecretsSqlxDatabase>)> {
    let secrets = Arc::new(SecretsSqlxDatabase::create().await?);
    let own = ctx.new_detached(Address::random_local(), AllowAll, AllowAll)?;
    Ok((Node::builder().await?.with_secrets_repository(secrets.clone()).build(&own)?, secrets))
}

impl Somebody {
    pub async fn new(ctx: &Context) -> Result<Somebody> {
        let (node, secrets) = nobody(ctx).await?;
        let id = node.create_identity().await?;
        Ok(Somebody { node, id, secrets })
    }

    /// With the history and the key of now.
    pub async fn copy(&self) -> Result<Somebody> {
        let (node, secrets) = nobody(self.node.context()).await?;
        let identity = self.node.identities().get_identity(&self.id).await?;
        let handle = self.node.identities_keys().get_secret_key(&identity).await?;
        if let Some(secret) = self.secrets.get_signing_secret(&handle).await? {
            secrets.store_signing_secret(&handle, secret).await?;
        }
        let id = node.import_private_identity(Some(&self.id), &identity.export()?, &handle).await?;
        Ok(Somebody { node, id, secrets })
    }

    /// How many changes the history has then.
    pub async fn rotate(&self) -> Result<usize> {
        self.node.identities_creation().rotate_identity(&self.id).await?;
        Ok(self.node.identities().get_identity(&self.id).await?.changes().len())
    }
}

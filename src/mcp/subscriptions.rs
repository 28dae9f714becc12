//! Who wants to know when a resource changes, in both eras of the protocol.
//!
//! Changes are gathered for a moment before they are told, so that a burst of
//! calls is one notice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{ResourceUpdatedNotificationParam, SubscriptionFilter};
use rmcp::service::{Peer, RoleServer, SubscriptionContext};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::resources::unknown;
use crate::service::Service;
use crate::service::resources::Resource;
use crate::store::Topics;

/// How long changes are gathered.
const GATHER: Duration = Duration::from_millis(100);

/// One connection's subscriptions of the older era.
pub struct Subscriptions {
    service: Arc<Service>,
    uris: Mutex<BTreeSet<String>>,
    telling: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Subscriptions {
    /// None yet.
    pub fn over(service: &Arc<Service>) -> Arc<Self> {
        let service = Arc::clone(service);
        Arc::new(Self { service, uris: Mutex::default(), telling: Mutex::default() })
    }

    /// Adds one, and starts telling with the first.
    pub fn add(self: &Arc<Self>, uri: &str, peer: Peer<RoleServer>) -> Result<(), ErrorData> {
        Resource::at(uri).ok_or_else(|| unknown(uri))?;
        self.uris().insert(uri.to_owned());
        let mut telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if telling.is_none() {
            let (this, news) = (Arc::clone(self), self.service.store().news().follow());
            *telling = Some(tokio::spawn(async move { this.tell(peer, news).await }));
        }
        Ok(())
    }

    /// Removes one.
    pub fn remove(&self, uri: &str) {
        self.uris().remove(uri);
    }

    fn uris(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.uris.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn tell(&self, peer: Peer<RoleServer>, mut news: Receiver<Topics>) {
        while let Some(topics) = gather(&mut news).await {
            let changed: Vec<String> =
                self.uris().iter().filter(|uri| changes(uri, topics)).cloned().collect();
            for uri in changed {
                if peer
                    .notify_resource_updated(ResourceUpdatedNotificationParam::new(uri))
                    .await
                    .is_err()
                {
                    return;
                }
            }
        }
    }

    /// One subscription of the newer era, until it is cancelled.
    pub async fn listen(&self, context: SubscriptionContext) {
        let mut news = self.service.store().news().follow();
        let uris = context.accepted().resource_subscriptions.clone().unwrap_or_default();
        loop {
            let topics = tokio::select! {
                () = context.cancelled() => return,
                topics = gather(&mut news) => topics,
            };
            let Some(topics) = topics else { return };
            for uri in uris.iter().filter(|uri| changes(uri, topics)) {
                if context.sink().notify_resource_updated(uri.clone()).await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        if let Some(task) = self.telling.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

/// The part of a subscription that we can serve.
pub fn accepted(requested: &SubscriptionFilter) -> SubscriptionFilter {
    let mut filter = SubscriptionFilter::default();
    filter.resource_subscriptions = requested
        .resource_subscriptions
        .as_ref()
        .map(|uris| uris.iter().filter(|uri| Resource::at(uri).is_some()).cloned().collect());
    filter
}

fn changes(uri: &str, topics: Topics) -> bool {
    Resource::at(uri).is_some_and(|(resource, _)| resource.changes_with(topics))
}

/// The next changes, a moment's worth; `None` when the store is closed.
async fn gather(news: &mut Receiver<Topics>) -> Option<Topics> {
    let mut topics = match news.recv().await {
        Ok(topics) => topics,
        Err(RecvError::Lagged(_)) => Topics::all(),
        Err(RecvError::Closed) => return None,
    };
    tokio::time::sleep(GATHER).await;
    loop {
        match news.try_recv() {
            Ok(more) => topics = topics.and(more),
            Err(tokio::sync::broadcast::error::TryRecvError::Lagged(_)) => topics = Topics::all(),
            Err(_nothing_more) => return Some(topics),
        }
    }
}

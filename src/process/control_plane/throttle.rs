//! Throttling of the resource provider: a token bucket for each kind of call and what it is about.
//!
//! Sources: azure-aks-docs, quotas-skus-regions.md, 2026-08-03; form of the message: support articles for AKS, throttled-error.md,
//! 2025-03-05.

use crate::cluster::Refusal;
use crate::kernel::{SimDuration, SimTime};
use crate::scenario::plan::{OperationKind, ReadCall};
use std::collections::BTreeMap;

/// The buckets that calls were taken from.
#[derive(Debug, Default)]
pub(super) struct Throttle(BTreeMap<Bucket, Level>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    /// `PUT managedCluster`.
    Cluster,
    /// `PUT agentPool` of one pool.
    Pool(usize),
    /// `GET managedCluster`, and `LIST managedClusters` of the subscription and of the resource group.
    Read(ReadCall),
}

impl Bucket {
    /// Calls that it takes at once when it is full, and the time until it takes one more.
    const fn limits(self) -> (u64, SimDuration) {
        match self {
            Self::Cluster | Self::Pool(_) => (20, SimDuration::from_mins(1)),
            Self::Read(ReadCall::Show | ReadCall::ListResourceGroup) => (60, SimDuration::from_secs(1)),
            Self::Read(ReadCall::ListSubscription) => (500, SimDuration::from_secs(1)),
        }
    }
}

/// A bucket: when it is full again if nothing more is taken.
type Level = SimTime;

impl Throttle {
    /// Takes a call from its bucket.
    ///
    /// # Errors
    /// 429 with the seconds until a call would be taken.
    pub fn admit(&mut self, now: SimTime, kind: &OperationKind) -> Result<(), Refusal> {
        let Some((bucket, handler)) = bucket(kind) else {
            return Ok(());
        };
        let full_at = self.0.get(&bucket).map_or(now, |level| (*level).max(now));
        let missing = full_at.since(now);
        let (burst, refill) = bucket.limits();
        let most = refill.times(burst - 1);
        if missing > most {
            let wait = missing.saturating_sub(most);
            let seconds = wait.micros().div_ceil(1_000_000);
            let message = format!(
                "429: The {handler} request limit has been exceeded for the subscription, please retry again in {seconds} seconds"
            );
            return Err(Refusal { code: "Throttled", message });
        }
        self.0.insert(bucket, full_at + refill);
        Ok(())
    }
}

/// The bucket of an operation, and the handler that Azure names (those of reads are ours); `None` for calls without a limit.
fn bucket(kind: &OperationKind) -> Option<(Bucket, &'static str)> {
    let pool = |pool: usize| Some((Bucket::Pool(pool), "PutAgentPoolHandler.PUT"));
    let cluster = Some((Bucket::Cluster, "PutManagedClusterHandler.PUT"));
    match kind {
        OperationKind::Read(call) => {
            let handler = match call {
                ReadCall::Show => "GetManagedClusterHandler.GET",
                ReadCall::ListSubscription | ReadCall::ListResourceGroup => "ListManagedClustersHandler.GET",
            };
            Some((Bucket::Read(*call), handler))
        }
        OperationKind::CreateCluster | OperationKind::UpdateNetwork(_) => cluster,
        OperationKind::Upgrade { version: Some(_), pools, .. } if pools.len() != 1 => cluster,
        OperationKind::Upgrade { pools, .. } => pools.first().and_then(|first| pool(*first)),
        OperationKind::Scale { pool: of, .. }
        | OperationKind::AddPool { pool: of, .. }
        | OperationKind::UpdatePool { pool: of, .. }
        | OperationKind::StopPool { pool: of }
        | OperationKind::StartPool { pool: of }
        | OperationKind::Rollback { pool: of } => pool(*of),
        OperationKind::Migrate { to, .. } => pool(*to),
        OperationKind::StopCluster
        | OperationKind::StartCluster
        | OperationKind::DeletePool { .. }
        | OperationKind::Abort { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_calls_at_once_are_taken_and_one_more_each_minute() {
        let scale = |pool| OperationKind::Scale { pool, count: 2 };
        let mut throttle = Throttle::default();
        let at = |seconds| SimTime::after_start(SimDuration::from_secs(seconds));
        for _ in 0..20 {
            assert_eq!(throttle.admit(at(0), &scale(0)), Ok(()));
        }
        let refusal = throttle.admit(at(15), &scale(0)).unwrap_err();
        assert_eq!(refusal.code, "Throttled");
        assert!(refusal.message.ends_with("please retry again in 45 seconds"), "{}", refusal.message);
        assert_eq!(throttle.admit(at(15), &scale(1)), Ok(()), "every pool has its own bucket");
        assert_eq!(throttle.admit(at(60), &scale(0)), Ok(()));
        assert!(throttle.admit(at(60), &scale(0)).is_err());
    }
}

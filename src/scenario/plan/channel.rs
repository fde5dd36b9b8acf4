//! Auto-upgrade channels: which version a cluster goes to by itself.

use crate::catalog::KubernetesVersion;

/// `upgradeChannel` of a cluster. The channel `node-image` is told as [`NodeOsChannel::NodeImage`], which it implies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpgradeChannel {
    /// The version stays.
    #[default]
    None,
    /// The latest patch of the minor version that the cluster has.
    Patch,
    /// The latest patch of the minor version before the latest one.
    Stable,
    /// The latest patch of the latest minor version.
    Rapid,
}

/// `nodeOSUpgradeChannel` of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NodeOsChannel {
    /// Nothing is done.
    #[default]
    None,
    /// The operating system patches itself every night, which disturbs nothing here.
    Unmanaged,
    /// AKS patches nodes while they run; the reimages that it sometimes needs are not simulated.
    SecurityPatch,
    /// Every node gets the node image of the week.
    NodeImage,
}

impl UpgradeChannel {
    /// Azure's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Patch => "patch",
            Self::Stable => "stable",
            Self::Rapid => "rapid",
        }
    }

    /// The version that a cluster of version `current` is upgraded to next, of those available; `None` when it has what it should.
    /// A cluster goes from one minor version to the next, and one that is ahead of the channel takes patches.
    ///
    /// Source: azure-aks-docs, auto-upgrade-cluster.md, 2026-06-26.
    #[must_use]
    pub fn target(self, current: KubernetesVersion, available: &[KubernetesVersion]) -> Option<KubernetesVersion> {
        let newest = available.iter().map(|version| version.minor).max()?;
        let minor = match self {
            Self::None => return None,
            Self::Patch => current.minor,
            Self::Stable => newest.saturating_sub(1).min(current.minor + 1).max(current.minor),
            Self::Rapid => newest.min(current.minor + 1),
        };
        let of_minor = available.iter().filter(|version| version.minor == minor);
        of_minor.max().copied().filter(|version| *version > current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every upgrade until the channel is content.
    fn path(channel: UpgradeChannel, from: &str, available: &[&str]) -> Vec<String> {
        let available: Vec<KubernetesVersion> = available.iter().map(|version| version.parse().unwrap()).collect();
        let mut current: KubernetesVersion = from.parse().unwrap();
        let mut path = Vec::new();
        while let Some(next) = channel.target(current, &available) {
            current = next;
            path.push(next.to_string());
        }
        path
    }

    /// azure-aks-docs, auto-upgrade-cluster.md, 2026-06-26.
    #[test]
    fn channels_take_the_versions_of_the_documented_example() {
        let available = ["1.17.9", "1.18.4", "1.18.6", "1.19.1"];
        assert_eq!(path(UpgradeChannel::default(), "1.17.7", &available), [""; 0]);
        assert_eq!(path(UpgradeChannel::Patch, "1.17.7", &available), ["1.17.9"]);
        assert_eq!(path(UpgradeChannel::Stable, "1.17.7", &available), ["1.18.6"]);
        assert_eq!(path(UpgradeChannel::Rapid, "1.17.7", &available), ["1.18.6", "1.19.1"]);
    }

    #[test]
    fn a_cluster_that_is_ahead_of_its_channel_stays() {
        assert_eq!(path(UpgradeChannel::Stable, "1.35", &["1.34", "1.35"]), [""; 0]);
        assert_eq!(path(UpgradeChannel::Stable, "1.35.1", &["1.34.6", "1.35.1", "1.35.2"]), ["1.35.2"]);
        assert_eq!(path(UpgradeChannel::Stable, "1.33", &["1.34", "1.35", "1.36"]), ["1.34", "1.35"]);
        assert_eq!(path(UpgradeChannel::Rapid, "1.35", &[]), [""; 0]);
    }
}

//! Kubernetes versions, and what on a node depends on them.

use std::fmt;
use std::str::FromStr;

/// Minor versions that AKS supports at a time. Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05.
const SUPPORTED_MINORS: u32 = 3;

/// Days for which the oldest minor version is still supported when the next one comes. Same source.
pub const SUPPORTED_AFTER_RELEASE_DAYS: u32 = 30;

/// A Kubernetes version: `1.34` means the latest patch of that minor version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    /// Always 1.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
    /// Patch version; `None` for the latest.
    pub patch: Option<u32>,
}

/// A text that is not a Kubernetes version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found \"{0}\", write a version such as 1.34 or 1.34.2")]
pub struct VersionError(String);

/// The container runtime of a Linux node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerRuntime {
    /// Since 1.19.
    Containerd,
    /// Before, through dockershim.
    Docker,
}

/// The operating system image of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OsImage {
    /// The default up to Kubernetes 1.34.
    Ubuntu2204,
    /// The default from Kubernetes 1.35.
    Ubuntu2404,
    /// `osSKU: AzureLinux`.
    AzureLinux3,
}

impl KubernetesVersion {
    /// The version `1.<minor>`, latest patch.
    #[must_use]
    pub const fn minor(minor: u32) -> Self {
        Self { major: 1, minor, patch: None }
    }

    /// The minor versions of kubectl that an API server of this one serves: one older to one newer.
    /// Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05.
    #[must_use]
    pub fn kubectl_versions(self) -> [Self; 3] {
        [self.minor.saturating_sub(1), self.minor, self.minor + 1].map(Self::minor)
    }

    /// The minor version that AKS stops to support when this one becomes generally available.
    /// Source: azure-aks-docs, supported-kubernetes-versions.md, 2026-08-05: three minor versions are supported.
    #[must_use]
    pub const fn replaces(self) -> Self {
        Self::minor(self.minor.saturating_sub(SUPPORTED_MINORS))
    }

    /// The runtime of new Linux nodes. Source: azure-aks-docs, core-aks-concepts.md, 2026-07-29.
    #[must_use]
    pub const fn container_runtime(self) -> ContainerRuntime {
        if self.minor >= 19 { ContainerRuntime::Containerd } else { ContainerRuntime::Docker }
    }

    /// True when the kubelet pulls several images at a time.
    /// Source: SupportArticles-docs, container-image-pull-performance.md, 2026-08-19.
    #[must_use]
    pub const fn parallel_image_pulls(self) -> bool {
        self.minor >= 31
    }

    /// The default Ubuntu image. Source: azure-aks-docs, faq.yml, 2023-11-06; the NAP page says 24.04 from 1.34 on.
    #[must_use]
    pub const fn ubuntu_image(self) -> OsImage {
        if self.minor >= 35 { OsImage::Ubuntu2404 } else { OsImage::Ubuntu2204 }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        self.patch.map_or(Ok(()), |patch| write!(f, ".{patch}"))
    }
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let parse = || {
            let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
            let (major, minor) = (parts.next()??, parts.next()??);
            let patch = match parts.next() {
                None => None,
                Some(patch) => Some(patch?),
            };
            (major == 1 && parts.next().is_none()).then_some(Self { major, minor, patch })
        };
        parse().ok_or_else(|| VersionError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_printed() {
        for text in ["1.34", "1.29.2"] {
            assert_eq!(text.parse::<KubernetesVersion>().unwrap().to_string(), text);
        }
        for text in ["1", "2.1", "1.x", "v1.34", "1.34.1.1", ""] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn three_minor_versions_are_supported_and_kubectl_may_be_one_off() {
        let version = KubernetesVersion::minor;
        assert_eq!(version(30).replaces(), version(27));
        assert_eq!(version(28).kubectl_versions(), [version(27), version(28), version(29)]);
    }

    #[test]
    fn containerd_came_with_1_19() {
        assert_eq!(KubernetesVersion::minor(18).container_runtime(), ContainerRuntime::Docker);
        assert_eq!(KubernetesVersion::minor(19).container_runtime(), ContainerRuntime::Containerd);
    }
}

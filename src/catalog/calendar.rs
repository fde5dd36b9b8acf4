//! When AKS offers and supports which Kubernetes minor version.

use super::{Catalog, KubernetesVersion};
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

const RELEASES: &str = include_str!("data/kubernetes-releases.csv");

/// A month of a year, the precision of AKS's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// Year.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month that the moment lies in, in its own time zone.
    #[must_use]
    pub fn of(moment: &jiff::Zoned) -> Self {
        Self { year: moment.year(), month: moment.month() }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (year, month) = text.split_once('-')?;
            let (year, month) = (year.parse().ok()?, month.parse().ok()?);
            (1..=12).contains(&month).then_some(Self { year, month })
        };
        parse().ok_or_else(|| format!("found \"{text}\", write a month such as 2026-03"))
    }
}

/// One minor version on AKS's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The minor version.
    pub version: KubernetesVersion,
    /// First month in which AKS offers it, as a preview.
    pub preview: Month,
    /// First month of general availability.
    pub ga: Month,
    /// Last month of community support.
    pub end_of_life: Month,
    /// Last month of long-term support.
    pub lts_end_of_life: Month,
}

/// What AKS makes of a version in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Not offered yet.
    NotYet,
    /// Offered as a preview.
    Preview,
    /// Supported for everyone.
    Community,
    /// Supported for clusters with long-term support only.
    LongTerm,
    /// Supported no more.
    Ended,
    /// The calendar does not reach so far.
    Unknown,
}

impl Support {
    /// True when a cluster may be upgraded to such a version.
    #[must_use]
    pub const fn is_offered(self, long_term_support: bool) -> bool {
        match self {
            Self::Preview | Self::Community | Self::Unknown => true,
            Self::LongTerm => long_term_support,
            Self::NotYet | Self::Ended => false,
        }
    }
}

impl Release {
    fn support_in(&self, month: Month) -> Support {
        if month < self.preview {
            Support::NotYet
        } else if month < self.ga {
            Support::Preview
        } else if month <= self.end_of_life {
            Support::Community
        } else if month <= self.lts_end_of_life {
            Support::LongTerm
        } else {
            Support::Ended
        }
    }
}

impl Catalog {
    /// What AKS makes of the version in the month. Outside of the calendar's versions that is known only as far as versions
    /// come and go in their order.
    #[must_use]
    pub fn support(&self, version: KubernetesVersion, month: Month) -> Support {
        let at = |release: &Release| release.support_in(month);
        let (first, last) = (self.releases.first(), self.releases.last());
        if let Some(release) = self.releases.iter().find(|release| release.version.minor == version.minor) {
            at(release)
        } else if first.is_some_and(|first| version.minor < first.version.minor && at(first) == Support::Ended) {
            Support::Ended
        } else if last.is_some_and(|last| version.minor > last.version.minor && at(last) == Support::NotYet) {
            Support::NotYet
        } else {
            Support::Unknown
        }
    }

    /// The oldest version that AKS supports for everyone in the month.
    #[must_use]
    pub fn oldest_supported(&self, month: Month) -> Option<KubernetesVersion> {
        let supported = |release: &&Release| release.support_in(month) == Support::Community;
        self.releases.iter().find(supported).map(|release| release.version)
    }
}

#[derive(Deserialize)]
struct Row {
    version: String,
    preview: String,
    ga: String,
    end_of_life: String,
    lts_end_of_life: String,
}

/// Reads the embedded calendar.
pub(super) fn load() -> Vec<Release> {
    let month = |text: &str| text.parse().expect("the calendar gives months");
    let release = |row: Row| Release {
        version: row.version.parse().expect("the calendar gives versions"),
        preview: month(&row.preview),
        ga: month(&row.ga),
        end_of_life: month(&row.end_of_life),
        lts_end_of_life: month(&row.lts_end_of_life),
    };
    let mut reader = csv::Reader::from_reader(RELEASES.as_bytes());
    reader.deserialize().map(|row| release(row.expect("the calendar is well-formed"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(minor: u32, month: &str, expected: Support) {
        let found = Catalog::get().support(KubernetesVersion::minor(minor), month.parse().unwrap());
        assert_eq!(found, expected, "1.{minor} in {month}");
    }

    #[test]
    fn a_version_is_offered_supported_and_dropped_month_by_month() {
        check(35, "2026-01", Support::NotYet);
        check(35, "2026-02", Support::Preview);
        check(35, "2026-03", Support::Community);
        check(35, "2027-03", Support::Community);
        check(35, "2027-04", Support::LongTerm);
        check(35, "2028-03", Support::LongTerm);
        check(35, "2028-04", Support::Ended);
    }

    #[test]
    fn beyond_the_calendar_only_what_follows_from_the_order_is_known() {
        check(24, "2026-03", Support::Ended);
        check(24, "2022-06", Support::Unknown);
        check(38, "2026-03", Support::NotYet);
        check(38, "2027-02", Support::Unknown);
    }

    #[test]
    fn three_or_four_versions_are_supported_at_any_time_of_the_recent_calendar() {
        for month in ["2025-12", "2026-03", "2026-07"] {
            let month: Month = month.parse().unwrap();
            let supported =
                Catalog::get().releases().iter().filter(|release| release.support_in(month) == Support::Community);
            assert!((3..=4).contains(&supported.count()), "{month}");
        }
        let oldest = Catalog::get().oldest_supported("2026-08".parse().unwrap());
        assert_eq!(oldest, Some(KubernetesVersion::minor(34)));
    }

    #[test]
    fn every_version_lives_in_the_right_order() {
        let releases = Catalog::get().releases();
        for release in releases {
            assert!(release.preview < release.ga && release.ga < release.end_of_life, "{}", release.version);
            assert!(release.end_of_life < release.lts_end_of_life, "{}", release.version);
        }
        assert!(releases.windows(2).all(|pair| pair[0].version.minor + 1 == pair[1].version.minor));
    }
}

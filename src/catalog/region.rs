//! Azure regions that the price files cover.

use std::fmt;
use std::str::FromStr;

/// An Azure region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Region {
    /// `eastus`
    EastUs,
    /// `eastus2`
    EastUs2,
    /// `westus2`
    WestUs2,
    /// `westeurope`
    WestEurope,
    /// `northeurope`
    NorthEurope,
    /// `polandcentral`
    PolandCentral,
}

impl Region {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::EastUs, Self::EastUs2, Self::WestUs2, Self::WestEurope, Self::NorthEurope, Self::PolandCentral];

    /// Azure's name of the location.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EastUs => "eastus",
            Self::EastUs2 => "eastus2",
            Self::WestUs2 => "westus2",
            Self::WestEurope => "westeurope",
            Self::NorthEurope => "northeurope",
            Self::PolandCentral => "polandcentral",
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Region {
    type Err = UnknownName;

    /// Reads `eastus` and `East US` alike.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let plain = text.replace(' ', "").to_lowercase();
        let found = Self::ALL.into_iter().find(|region| region.name() == plain);
        found.ok_or_else(|| UnknownName::new(text, &Self::ALL.map(Self::name).join(", ")))
    }
}

/// A name that the catalogue does not know, with those it knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("found \"{found}\", write one of {known}")]
pub struct UnknownName {
    found: String,
    known: String,
}

impl UnknownName {
    /// An unknown name and the list of known ones.
    #[must_use]
    pub fn new(found: &str, known: &str) -> Self {
        Self { found: found.to_owned(), known: known.to_owned() }
    }
}

//! Prices: US dollars, Linux, retail list, without tax.

use super::{Basis, Region, Tier};
use crate::units::UsdPerHour;
use serde::Deserialize;
use std::collections::BTreeMap;

const VM: &str = include_str!("data/vm-prices.csv");
const RESERVED: &str = include_str!("data/vm-prices-reserved.csv");
const OTHER: &str = include_str!("data/other-prices.csv");

/// Reserved prices older than this are used where there is no other, and marked.
const OUTDATED_BEFORE: &str = "2024";
/// Lends its disk prices to a region that has none.
const LENDER: Region = Region::WestEurope;

/// A price with where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The price.
    pub per_hour: UsdPerHour,
    /// The day on which it was the list price, `YYYY-MM-DD`.
    pub date: String,
    /// The feed it was read from.
    pub source: String,
    /// `Measured` for a published price of this region, `Assumption` for one borrowed from another or out of date.
    pub basis: Basis,
    /// What is assumed, when something is.
    pub note: Option<String>,
}

/// How a VM is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PriceKind {
    /// Pay as you go.
    PayAsYouGo,
    /// Spot.
    Spot,
    /// Reserved for one year.
    Reserved1Year,
    /// Reserved for three years.
    Reserved3Year,
}

/// All price tables.
#[derive(Debug)]
pub(super) struct Prices {
    vm: BTreeMap<(String, Region, PriceKind), Price>,
    other: BTreeMap<(String, String), Vec<OtherRow>>,
    latest_date: String,
}

#[derive(Deserialize)]
struct VmRow {
    name: String,
    region: String,
    payg_usd_per_hour: Option<f64>,
    spot_usd_per_hour: Option<f64>,
    price_date: String,
    source: String,
}

#[derive(Deserialize)]
struct ReservedRow {
    name: String,
    region: String,
    term: String,
    usd_per_hour: f64,
    price_date: String,
    source: String,
}

#[derive(Clone, Debug, Deserialize)]
struct OtherRow {
    category: String,
    item: String,
    region: String,
    unit: String,
    usd: f64,
    price_date: String,
    source: String,
}

fn rows<T: for<'de> Deserialize<'de>>(file: &str, data: &str) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(data.as_bytes());
    reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("{file}: {error}"))).collect()
}

fn price(usd: f64, date: &str, source: &str) -> Price {
    let per_hour = UsdPerHour::from_dollars(usd).unwrap_or_else(|| panic!("{usd} from {source} is not a price"));
    Price { per_hour, date: date.to_owned(), source: source.to_owned(), basis: Basis::Measured, note: None }
}

/// The same price, used although it is not the one wanted.
fn assumed(price: Price, note: String) -> Price {
    Price { basis: Basis::Assumption, note: Some(note), ..price }
}

impl Prices {
    /// Reads the embedded files.
    pub fn load() -> Self {
        let mut vm = BTreeMap::new();
        // The main file repeats reserved prices, under the date of its other columns; this one has their own.
        for row in rows::<ReservedRow>("vm-prices-reserved.csv", RESERVED) {
            let kind = if row.term == "1yr" { PriceKind::Reserved1Year } else { PriceKind::Reserved3Year };
            let known: Option<&Price> = vm.get(&(row.name.clone(), region(&row.region), kind));
            if known.is_none_or(|known| known.date < row.price_date) {
                let listed = price(row.usd_per_hour, &row.price_date, &row.source);
                let outdated = row.price_date.as_str() < OUTDATED_BEFORE;
                let note = || format!("no reserved price after {} is known", row.price_date);
                let listed = if outdated { assumed(listed, note()) } else { listed };
                vm.insert((row.name, region(&row.region), kind), listed);
            }
        }
        for row in rows::<VmRow>("vm-prices.csv", VM) {
            let kinds = [(PriceKind::PayAsYouGo, row.payg_usd_per_hour), (PriceKind::Spot, row.spot_usd_per_hour)];
            let source = row.source.split(" | reserved").next().unwrap_or(&row.source);
            for (kind, usd) in kinds {
                if let Some(usd) = usd {
                    vm.insert((row.name.clone(), region(&row.region), kind), price(usd, &row.price_date, source));
                }
            }
        }
        let mut other: BTreeMap<_, Vec<OtherRow>> = BTreeMap::new();
        for row in rows::<OtherRow>("other-prices.csv", OTHER) {
            other.entry((row.category.clone(), row.region.clone())).or_default().push(row);
        }
        let other_dates = other.values().flatten().map(|row| row.price_date.clone());
        let latest_date = vm.values().map(|price| price.date.clone()).chain(other_dates).max().unwrap_or_default();
        Self { vm, other, latest_date }
    }

    pub fn latest_date(&self) -> &str {
        &self.latest_date
    }

    pub fn vm(&self, size: &str, region: Region, kind: PriceKind) -> Option<Price> {
        self.vm.get(&(size.to_owned(), region, kind)).cloned()
    }

    pub fn tier(&self, tier: Tier, region: Region) -> Price {
        let item = format!("AKS {} tier", tier.name());
        self.hourly("aks_tier", region.name(), &item)
    }

    pub fn public_ip(&self, region: Region) -> Price {
        self.hourly("public_ip", region.name(), "Standard static public IPv4")
    }

    pub fn load_balancer(&self) -> Price {
        self.hourly("load_balancer", "Global", "Standard Load Balancer, first 5 rules")
    }

    /// A rule of a load balancer beyond the first five. The one figure known is that of one region; it is used everywhere.
    pub fn load_balancer_rule(&self) -> Price {
        self.hourly("load_balancer", "germanywestcentral", "Standard Load Balancer, each rule beyond 5")
    }

    /// A NAT gateway. The one figure known is that of one region, and old; it is used everywhere.
    pub fn nat_gateway(&self, region: Region) -> Price {
        let listed = self.hourly("nat_gateway", LENDER.name(), "NAT gateway, resource hour");
        assumed(listed, format!("no price of {region} after 2024-07 is known; that of {LENDER} is used"))
    }

    /// A disk's price a month over 730 h.
    pub fn disk(&self, sku: &str, region: Region) -> Price {
        let item = format!("{sku} LRS");
        let category = if sku.starts_with('E') { "disk_standard_ssd" } else { "disk_premium_ssd" };
        let own = self.find(category, region.name(), &item);
        let row = own.or_else(|| self.find(category, LENDER.name(), &item));
        let row = row.unwrap_or_else(|| panic!("other-prices.csv: no price of {item}"));
        let per_hour =
            UsdPerHour::from_dollars_per_month(row.usd).unwrap_or_else(|| panic!("{} is not a price", row.usd));
        let listed = Price { per_hour, ..price(0.0, &row.price_date, &row.source) };
        let note = || format!("no disk price of {region} is known; that of {LENDER} is used");
        if own.is_some() { listed } else { assumed(listed, note()) }
    }

    fn hourly(&self, category: &str, region: &str, item: &str) -> Price {
        let row =
            self.find(category, region, item).unwrap_or_else(|| panic!("other-prices.csv: no {item} in {region}"));
        assert!(row.unit.ends_with("hour"), "other-prices.csv: {item} is priced by {}", row.unit);
        price(row.usd, &row.price_date, &row.source)
    }

    fn find(&self, category: &str, region: &str, item: &str) -> Option<&OtherRow> {
        self.other.get(&(category.to_owned(), region.to_owned()))?.iter().find(|row| row.item.starts_with(item))
    }
}

fn region(name: &str) -> Region {
    name.parse().unwrap_or_else(|error| panic!("price file: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_price_has_a_date_and_a_source_and_names_a_known_size() {
        let catalog = Catalog::get();
        assert_eq!(
            catalog.prices.vm.values().filter(|price| price.date.is_empty() || price.source.is_empty()).count(),
            0
        );
        for (size, ..) in catalog.prices.vm.keys() {
            assert!(catalog.vm_size(size).is_some(), "{size} is not in vm-sizes.csv");
        }
        for row in catalog.prices.other.values().flatten() {
            assert!(!row.price_date.is_empty() && !row.source.is_empty(), "{} {}", row.category, row.item);
        }
        let payg = catalog.prices.vm.keys().filter(|(.., kind)| *kind == PriceKind::PayAsYouGo).count();
        assert_eq!(payg, 1370);
    }

    #[test]
    fn known_prices() {
        let catalog = Catalog::get();
        let usd = |size, kind| catalog.vm_price(size, Region::EastUs, kind).map(|price| price.per_hour.as_f64());
        assert_eq!(usd("Standard_D4s_v5", PriceKind::PayAsYouGo), Some(0.192));
        assert_eq!(usd("Standard_B4ms", PriceKind::PayAsYouGo), Some(0.166));
        assert_eq!(usd("Standard_B4ms", PriceKind::Spot), None);
        assert_eq!(catalog.tier_price(Tier::Standard, Region::EastUs).per_hour.as_f64(), 0.1);
        assert_eq!(catalog.load_balancer_price().per_hour.as_f64(), 0.025);
        assert_eq!(catalog.public_ip_price(Region::WestEurope).per_hour.as_f64(), 0.005);
        assert!((catalog.disk_price("P10", Region::EastUs).per_hour.per_month() - 19.71).abs() < 1e-6);
    }

    #[test]
    fn a_borrowed_disk_price_is_marked() {
        let catalog = Catalog::get();
        assert_eq!(catalog.disk_price("P10", Region::PolandCentral).basis, Basis::Assumption);
        assert_eq!(catalog.disk_price("P10", Region::WestEurope).basis, Basis::Measured);
        assert!(catalog.disk_price("E10", Region::PolandCentral).note.unwrap().contains("westeurope"));
    }

    #[test]
    fn a_reserved_price_has_its_own_date_and_an_old_one_is_marked() {
        let reserved = |size, region| Catalog::get().vm_price(size, region, PriceKind::Reserved1Year).unwrap();
        let d4 = reserved("Standard_D4s_v5", Region::EastUs);
        assert_eq!((d4.per_hour.micros(), d4.date.as_str(), d4.basis), (113_242, "2024-02-05", Basis::Measured));
        assert_eq!(reserved("Standard_D4s_v5", Region::EastUs2).date, "2026", "the newest of several");
        let b4 = reserved("Standard_B4ms", Region::EastUs);
        assert_eq!((b4.date.as_str(), b4.basis), ("2020-04-30", Basis::Assumption));
    }

    #[test]
    fn no_commitment_and_no_spot_is_dearer_than_paying_as_you_go() {
        let prices = &Catalog::get().prices;
        for ((size, region, kind), price) in &prices.vm {
            let list = prices.vm(size, *region, PriceKind::PayAsYouGo);
            let list = list.unwrap_or_else(|| panic!("{size} in {region} has only a {kind:?} price"));
            assert!(*kind == PriceKind::PayAsYouGo || price.per_hour < list.per_hour, "{size} in {region}, {kind:?}");
        }
    }

    #[test]
    fn every_region_has_every_disk_tier_address_and_control_plane() {
        let catalog = Catalog::get();
        for region in Region::ALL {
            for sku in ["P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "E4", "E10", "E15", "E20", "E30", "E40"] {
                assert!(catalog.disk_price(sku, region).per_hour.micros() > 0, "{sku} in {region}");
            }
            assert_eq!(catalog.public_ip_price(region).per_hour.micros(), 5_000);
            let tiers = [Tier::Free, Tier::Standard, Tier::Premium];
            assert_eq!(tiers.map(|tier| catalog.tier_price(tier, region).per_hour.micros()), [0, 100_000, 600_000]);
        }
    }
}

//! What is asked for a spot instance, and what becomes of one that is evicted.
//!
//! Source: azure-aks-docs, spot-node-pool.md, 2025-04-06.

use crate::units::UsdPerHour;

/// The label and the taint of every node of a spot pool: key and value.
pub const SPOT_LABEL: (&str, &str) = ("kubernetes.azure.com/scalesetpriority", "spot");

/// `spotMaxPrice`: the most that is paid for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpotMaxPrice {
    /// -1: the price of the moment, never more than pay-as-you-go. No instance is evicted because of it.
    #[default]
    PayAsYouGo,
    /// So much, above which instances are evicted.
    AtMost(UsdPerHour),
}

/// A number that is no `spotMaxPrice`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("found {0}, write -1, or dollars an hour above zero with at most five decimals")]
pub struct SpotMaxPriceError(pub f64);

/// What becomes of an evicted instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpotEvictionPolicy {
    /// It is deleted.
    #[default]
    Delete,
    /// It is stopped, and counts against the quota.
    Deallocate,
}

impl SpotEvictionPolicy {
    /// Every policy with Azure's name.
    pub const ALL: [(&'static str, Self); 2] = [("Delete", Self::Delete), ("Deallocate", Self::Deallocate)];
}

impl SpotMaxPrice {
    /// What the number means.
    ///
    /// # Errors
    /// [`SpotMaxPriceError`] when it is neither -1 nor a positive price with at most five decimals.
    pub fn of(number: f64) -> Result<Self, SpotMaxPriceError> {
        const DECIMALS: f64 = 100_000.0;
        if number == -1.0 {
            return Ok(Self::PayAsYouGo);
        }
        let units = (number * DECIMALS).round();
        let price = UsdPerHour::from_dollars(number).filter(|price| price.micros() > 0);
        price.filter(|_| units / DECIMALS == number).map(Self::AtMost).ok_or(SpotMaxPriceError(number))
    }

    /// True when an instance is evicted because it costs this much.
    #[must_use]
    pub fn evicts_at(self, price: UsdPerHour) -> bool {
        matches!(self, Self::AtMost(most) if price > most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_minus_one_or_positive_with_at_most_five_decimals() {
        let dollars = |number| UsdPerHour::from_dollars(number).unwrap();
        assert_eq!(SpotMaxPrice::of(-1.0), Ok(SpotMaxPrice::PayAsYouGo));
        assert_eq!(SpotMaxPrice::of(0.98765), Ok(SpotMaxPrice::AtMost(dollars(0.98765))));
        for wrong in [0.0, -0.5, -2.0, 0.987_654, f64::NAN, f64::INFINITY] {
            assert!(SpotMaxPrice::of(wrong).is_err(), "{wrong}");
        }
        assert!(!SpotMaxPrice::PayAsYouGo.evicts_at(dollars(1000.0)));
        let most = SpotMaxPrice::of(0.5).unwrap();
        assert!(most.evicts_at(dollars(0.51)) && !most.evicts_at(dollars(0.5)));
    }
}

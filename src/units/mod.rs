//! Quantities with their unit in the type: integers inside, one file each.
//!
//! No bare number crosses a module boundary. Arithmetic is checked: an overflow or a subtraction below zero is a mistake
//! of ours and panics with both operands in the message, in release builds too.

mod bytes;
mod cpu;
mod money;
mod resources;

pub use bytes::Bytes;
pub use cpu::{CoreSeconds, MilliCpu};
pub use money::{HOURS_PER_MONTH, Usd, UsdPerHour};
pub use resources::Resources;

/// Addition, checked subtraction, sums and ordering for a quantity that wraps an unsigned integer.
macro_rules! quantity {
    ($name:ident, $inner:ty) => {
        impl $name {
            /// Nothing of it.
            pub const ZERO: Self = Self(0);

            /// `self - other`, or zero when `other` is larger.
            #[must_use]
            pub const fn saturating_sub(self, other: Self) -> Self {
                Self(self.0.saturating_sub(other.0))
            }

            /// True for zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
        }

        impl std::ops::Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                match self.0.checked_add(other.0) {
                    Some(sum) => Self(sum),
                    None => panic!("{:?} + {:?} overflows", self, other),
                }
            }
        }

        impl std::ops::Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                match self.0.checked_sub(other.0) {
                    Some(difference) => Self(difference),
                    None => panic!("{:?} - {:?} is below zero", self, other),
                }
            }
        }

        impl std::ops::AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                *self = *self + other;
            }
        }

        impl std::ops::SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                *self = *self - other;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, |sum, item| sum + item)
            }
        }
    };
}
use quantity;

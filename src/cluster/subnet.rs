//! A subnet and who holds how many of its addresses.

use crate::catalog::limits;
use ipnet::Ipv4Net;

/// A subnet: counts of addresses, since which one a node holds decides nothing.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its prefix.
    pub prefix: Ipv4Net,
    /// Addresses held by nodes.
    pub nodes: u32,
    /// Addresses preallocated for pods.
    pub pods: u32,
    /// The most addresses ever held at once.
    pub peak: u32,
    /// Requests that found too few addresses.
    pub exhaustions: u32,
}

/// The subnet has too few free addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("SubnetIsFull: {wanted} addresses wanted, {free} of {usable} free")]
pub struct SubnetIsFull {
    /// Addresses asked for.
    pub wanted: u32,
    /// Addresses free.
    pub free: u32,
    /// Addresses the subnet can hand out in all.
    pub usable: u32,
}

impl Subnet {
    /// A subnet of which nothing is used.
    #[must_use]
    pub const fn new(prefix: Ipv4Net) -> Self {
        Self { prefix, nodes: 0, pods: 0, peak: 0, exhaustions: 0 }
    }

    /// Addresses that can be handed out: all but Azure's five.
    #[must_use]
    pub fn usable(&self) -> u32 {
        limits::usable_addresses(self.prefix)
    }

    /// Addresses in use.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.nodes + self.pods
    }

    /// Takes one address for a node and `pods` for its pods, all or none.
    ///
    /// # Errors
    /// [`SubnetIsFull`] when fewer are free; the attempt is counted.
    pub fn take(&mut self, pods: u32) -> Result<(), SubnetIsFull> {
        let (wanted, usable) = (1 + pods, self.usable());
        let free = usable - self.used();
        if wanted > free {
            self.exhaustions += 1;
            return Err(SubnetIsFull { wanted, free, usable });
        }
        self.nodes += 1;
        self.pods += pods;
        self.peak = self.peak.max(self.used());
        Ok(())
    }

    /// Gives back one node's address and its `pods` preallocated ones.
    ///
    /// # Panics
    /// When more is given back than was taken.
    pub fn release(&mut self, pods: u32) {
        self.nodes = self.nodes.checked_sub(1).expect("a node gives back its address once");
        self.pods = self.pods.checked_sub(pods).expect("a node gives back its pods' addresses once");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_24_has_251_usable_addresses() {
        let subnet = Subnet::new("10.0.0.0/24".parse().unwrap());
        assert_eq!(subnet.usable(), 251);
    }

    #[test]
    fn a_flat_cni_slash_24_holds_eight_nodes_of_thirty_pods() {
        let mut subnet = Subnet::new("10.0.0.0/24".parse().unwrap());
        let nodes = (0..20).take_while(|_| subnet.take(30).is_ok()).count();
        assert_eq!(nodes, 8);
        assert_eq!(subnet.exhaustions, 1);
        assert_eq!(subnet.take(30), Err(SubnetIsFull { wanted: 31, free: 3, usable: 251 }));
    }
}

//! Prices in force: list, reservation, own figures, discount.

use super::Resolver;
use crate::catalog::outbound::RULES_INCLUDED;
use crate::catalog::{Catalog, OsDisk, OsDiskKind, Price, PriceKind, Region, Ssd, Tier, VmSize};
use crate::scenario::plan::{
    ClaimPlan, ClusterCharges, ClusterPlan, OutboundPlan, OutboundType, PoolMode, PoolPlan, ServicePlan, front_ends,
};
use crate::scenario::spec::{ReservationSpec, ScenarioSpec};
use crate::units::UsdPerHour;

/// The price of an instance of a pool.
pub fn vm(
    resolver: &mut Resolver<'_>,
    spec: &ScenarioSpec,
    size: &VmSize,
    spot: bool,
    region: Region,
    pool: &str,
) -> Option<UsdPerHour> {
    let prices = spec.prices.as_ref();
    if let Some(own) = prices.and_then(|prices| prices.vm.as_ref()?.get(&size.name)) {
        let price = UsdPerHour::from_dollars(*own);
        if price.is_none() {
            let pointer = format!("/prices/vm/{}", size.name);
            resolver.error(&pointer, "scenario::price", format!("found {own}"), "write USD per hour, at least 0");
        }
        return price;
    }
    let reserved = prices.and_then(|prices| prices.reservation).unwrap_or(ReservationSpec::None);
    let kind = match (spot, reserved) {
        (true, _) => PriceKind::Spot,
        (false, ReservationSpec::None) => PriceKind::PayAsYouGo,
        (false, ReservationSpec::OneYear) => PriceKind::Reserved1Year,
        (false, ReservationSpec::ThreeYears) => PriceKind::Reserved3Year,
    };
    let catalog = Catalog::get();
    let list = catalog.vm_price(&size.name, region, kind).or_else(|| {
        let pay_as_you_go = catalog.vm_price(&size.name, region, PriceKind::PayAsYouGo)?;
        if kind != PriceKind::PayAsYouGo {
            let what = if spot { "spot" } else { "reserved" };
            let found = format!("no {what} price of {} in {region} is known", size.name);
            resolver.warn(
                pool,
                "scenario::price",
                found,
                "the pay-as-you-go price is used; set prices.vm to use your own",
            );
        }
        Some(pay_as_you_go)
    });
    let Some(list) = list else {
        let found = format!("no price of {} in {region} is known", size.name);
        resolver.error(
            pool,
            "scenario::price",
            found,
            format!("add prices: {{vm: {{{}: 0.1}}}}, in USD per hour", size.name),
        );
        return None;
    };
    Some(list.per_hour.discounted(discount(spec)))
}

/// Own prices must name sizes as the catalogue does: one that names none would have no effect.
pub fn check(resolver: &mut Resolver<'_>, spec: &ScenarioSpec) {
    let catalog = Catalog::get();
    for name in spec.prices.iter().flat_map(|prices| prices.vm.iter().flatten()).map(|(name, _)| name) {
        let known = catalog.vm_size(name).map(|size| size.name.as_str());
        if known != Some(name) {
            let remedy = match known.or_else(|| catalog.closest_vm_size(name)) {
                Some(known) => format!("did you mean {known}?"),
                None => "aksim vm list shows the known sizes".to_owned(),
            };
            resolver.error(
                &format!("/prices/vm/{name}"),
                "scenario::vm_size",
                format!("unknown VM size {name}"),
                remedy,
            );
        }
    }
}

/// The price of a pool's OS disk.
pub fn os_disk(spec: &ScenarioSpec, disk: &OsDisk, region: Region) -> UsdPerHour {
    match disk.kind {
        OsDiskKind::Ephemeral => UsdPerHour::ZERO,
        OsDiskKind::Managed(sku) => Catalog::get().disk_price(sku, region).per_hour.discounted(discount(spec)),
    }
}

/// What the cluster has once before there are Services: tier, load balancer or NAT gateway, outbound addresses.
///
/// Of a NAT gateway that the customer brings along nobody here knows the bill.
pub fn cluster_charges(spec: &ScenarioSpec, tier: Tier, outbound: &OutboundPlan, region: Region) -> ClusterCharges {
    let catalog = Catalog::get();
    let discounted = |price: Price| price.per_hour.discounted(discount(spec));
    let tier = discounted(catalog.tier_price(tier, region));
    let bare = ClusterCharges { tier, ..ClusterCharges::default() };
    let public_ips = discounted(catalog.public_ip_price(region)).times(outbound.addresses);
    match outbound.kind {
        OutboundType::LoadBalancer => {
            ClusterCharges { load_balancer: discounted(catalog.load_balancer_price()), public_ips, ..bare }
        }
        OutboundType::ManagedNatGateway => {
            ClusterCharges { nat_gateway: discounted(catalog.nat_gateway_price(region)), public_ips, ..bare }
        }
        OutboundType::UserAssignedNatGateway
        | OutboundType::UserDefinedRouting
        | OutboundType::None
        | OutboundType::Block => bare,
    }
}

/// Adds what ways in and gateways cost: load balancers of Services, rules beyond those that the price of a balancer contains, public
/// addresses of Services and of gateway pools.
pub fn add_ways(spec: &ScenarioSpec, cluster: &mut ClusterPlan, services: &[ServicePlan]) {
    if cluster.pools.iter().all(PoolPlan::is_brought) {
        return; // A cluster of nobody's VMs has no bill.
    }
    let catalog = Catalog::get();
    let discounted = |price: Price| price.per_hour.discounted(discount(spec));
    let balancer = discounted(catalog.load_balancer_price());
    let rule = discounted(catalog.load_balancer_rule_price());
    let address = discounted(catalog.public_ip_price(cluster.location));
    let outbound = u32::from(cluster.network.outbound.kind == OutboundType::LoadBalancer);
    let charges = &mut cluster.charges;
    let balancers = [(false, outbound, &mut charges.load_balancer), (true, 0, &mut charges.internal_load_balancer)];
    for (internal, own_rules, charge) in balancers {
        let rules: u32 =
            services.iter().filter(|one| one.front_end.is_internal() == internal).map(|one| one.ports).sum();
        if rules > 0 && own_rules == 0 {
            *charge += balancer;
        }
        *charge += rule.times((rules + own_rules).saturating_sub(RULES_INCLUDED));
    }
    let public = front_ends(services).iter().filter(|(front_end, _)| !front_end.is_internal()).count();
    charges.public_ips += address.times(u32::try_from(public).expect("a manifest has fewer Services than that"));
    for pool in &cluster.pools {
        if let PoolMode::Gateway { addresses } = pool.mode {
            charges.public_ips += address.times(addresses);
        }
    }
}

/// The price of the volume of a claim; `None` where the catalogue has none: for shares, and for disks that are no SSD or are
/// replicated over zones.
pub fn volume(spec: &ScenarioSpec, claim: &ClaimPlan, region: Region) -> Option<UsdPerHour> {
    let kind = claim.sku.as_deref().filter(|_| claim.is_disk()).and_then(Ssd::of_sku)?;
    let tier = kind.tier(claim.size).filter(|_| !claim.size.is_zero())?;
    Some(Catalog::get().disk_price(tier, region).per_hour.discounted(discount(spec)))
}

fn discount(spec: &ScenarioSpec) -> f64 {
    spec.prices.as_ref().and_then(|prices| prices.discount).map_or(0.0, |percent| percent.0)
}

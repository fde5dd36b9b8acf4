//! `aksim vm`: what the catalogue knows of VM sizes, credits and prices.

use super::INVALID;
use crate::catalog::{
    Catalog, KubernetesVersion, OsDisk, OsDiskKind, PriceKind, Region, VmFamily, VmSize, limits, reservations,
};
use anyhow::Result;
use comfy_table::{CellAlignment, Table, TableStyle};
use std::process::ExitCode;

/// The subcommands of `vm`.
#[derive(Debug, clap::Subcommand)]
pub enum VmCommand {
    /// List VM sizes with their price.
    List(ListArguments),
    /// Show all that is known of one VM size.
    Show(ShowArguments),
}

/// What `vm list` takes.
#[derive(Debug, clap::Args)]
pub struct ListArguments {
    /// Only this family: A, B, D, E or F.
    #[arg(long)]
    family: Option<VmFamily>,
    /// Only this series, such as Bsv2.
    #[arg(long)]
    series: Option<String>,
    /// Region of the prices.
    #[arg(long, default_value = "eastus")]
    region: Region,
}

/// What `vm show` takes.
#[derive(Debug, clap::Args)]
pub struct ShowArguments {
    /// VM size, such as Standard_B4ms.
    size: String,
    /// Region of the prices.
    #[arg(long, default_value = "eastus")]
    region: Region,
    /// Kubernetes version of the node, which decides what is reserved.
    #[arg(long, default_value = "1.34")]
    kubernetes_version: KubernetesVersion,
    /// Most pods of the node.
    #[arg(long, default_value_t = limits::DEFAULT_MAX_PODS_OVERLAY)]
    max_pods: u32,
}

/// Prints what is asked for.
pub fn run(command: &VmCommand) -> Result<ExitCode> {
    match command {
        VmCommand::List(arguments) => {
            list(arguments);
            Ok(ExitCode::SUCCESS)
        }
        VmCommand::Show(arguments) => Ok(show(arguments)),
    }
}

fn list(arguments: &ListArguments) {
    let catalog = Catalog::get();
    let wanted = |size: &&VmSize| {
        arguments.family.is_none_or(|family| size.family == family)
            && arguments.series.as_ref().is_none_or(|series| size.series.eq_ignore_ascii_case(series))
    };
    let mut table = table(&[
        "SIZE",
        "SERIES",
        "vCPU",
        "MEMORY GiB",
        "TEMP GiB",
        "BASELINE",
        "CREDITS/h",
        "USD/h",
        "USD/month",
        "SPOT USD/h",
    ]);
    for size in catalog.vm_sizes().into_iter().filter(wanted) {
        let price = catalog.vm_price(&size.name, arguments.region, PriceKind::PayAsYouGo).map(|price| price.per_hour);
        let spot = catalog.vm_price(&size.name, arguments.region, PriceKind::Spot).map(|price| price.per_hour);
        table.add_row([
            size.name.clone(),
            size.series.clone(),
            size.vcpus.to_string(),
            size.memory.as_gib().to_string(),
            none_if_zero(size.temp_disk.as_gib()),
            size.burst.map_or_else(String::new, |burst| {
                format!("{:.1}%", baseline_percent(burst.credits_per_hour, size.vcpus))
            }),
            size.burst.map_or_else(String::new, |burst| burst.credits_per_hour.to_string()),
            price.map_or_else(String::new, |price| format!("{:.4}", price.as_f64())),
            price.map_or_else(String::new, |price| format!("{:.2}", price.per_month())),
            spot.map_or_else(String::new, |price| format!("{:.4}", price.as_f64())),
        ]);
    }
    for column in 2..10 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{}", table.trim_fmt());
    println!(
        "Linux list prices in {}, USD without tax, at most as new as {}; a month is 730 h.",
        arguments.region,
        catalog.price_date()
    );
}

fn show(arguments: &ShowArguments) -> ExitCode {
    let catalog = Catalog::get();
    let Some(size) = catalog.vm_size(&arguments.size) else {
        let hint = catalog
            .closest_vm_size(&arguments.size)
            .map_or_else(String::new, |known| format!("; did you mean {known}?"));
        eprintln!("error: unknown VM size {}{hint}", arguments.size);
        return ExitCode::from(INVALID);
    };
    let mut table = table(&[]);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("size", format!("{} ({}, {:?})", size.name, size.series, size.arch));
    row("vCPUs", size.vcpus.to_string());
    row("memory", format!("{} GiB", size.memory.as_gib()));
    row(
        "temporary disk",
        if size.temp_disk.is_zero() { "none".to_owned() } else { format!("{} GiB", size.temp_disk.as_gib()) },
    );
    row("data disks, NICs", format!("{}, {}", size.max_data_disks, size.max_nics));
    row("network", size.network_mbps.map_or_else(|| "not documented".to_owned(), |mbps| format!("{mbps} Mbps")));
    if let Some(burst) = size.burst {
        let percent = baseline_percent(burst.credits_per_hour, size.vcpus);
        row(
            "baseline",
            format!("{percent:.2} % of {} vCPUs = {:.3} vCPUs", size.vcpus, f64::from(burst.credits_per_hour) / 60.0),
        );
        row(
            "credits",
            format!(
                "{} at the start, {} an hour, at most {}",
                burst.initial_credits, burst.credits_per_hour, burst.max_banked_credits
            ),
        );
    }
    for (kind, name) in [
        (PriceKind::PayAsYouGo, "pay as you go"),
        (PriceKind::Spot, "spot"),
        (PriceKind::Reserved1Year, "reserved, 1 year"),
        (PriceKind::Reserved3Year, "reserved, 3 years"),
    ] {
        let price = catalog.vm_price(&size.name, arguments.region, kind);
        row(
            name,
            price.map_or_else(
                || "not known".to_owned(),
                |price| {
                    format!(
                        "{:.4} USD/h, {:.2} USD/month in {} ({})",
                        price.per_hour.as_f64(),
                        price.per_hour.per_month(),
                        arguments.region,
                        price.date
                    )
                },
            ),
        );
    }
    if let Ok(disk) = OsDisk::choose(size, None, None) {
        row(
            "OS disk in AKS",
            match disk.kind {
                OsDiskKind::Ephemeral => format!("ephemeral, {} GiB, free", disk.size.as_gib()),
                OsDiskKind::Managed(sku) => {
                    let price = catalog.disk_price(sku, arguments.region);
                    format!(
                        "managed {sku}, {} GiB, {:.2} USD/month ({})",
                        disk.size.as_gib(),
                        price.per_hour.per_month(),
                        price.date
                    )
                }
            },
        );
        let version = arguments.kubernetes_version;
        let allocatable = reservations::allocatable(version, size, arguments.max_pods, disk.size, false);
        row("allocatable CPU", format!("{}m of {}m", allocatable.cpu.millis(), u64::from(size.vcpus) * 1000));
        row(
            "allocatable memory",
            format!(
                "{:.2} of {} GiB (Kubernetes {version}, {} pods)",
                allocatable.memory.as_gib(),
                size.memory.as_gib(),
                arguments.max_pods
            ),
        );
    }
    row("source", size.source.clone());
    println!("{}", table.trim_fmt());
    ExitCode::SUCCESS
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table
}

fn none_if_zero(gib: f64) -> String {
    if gib == 0.0 { String::new() } else { gib.to_string() }
}

/// The baseline in per cent of the whole VM: an hourly credit is a sixtieth of a vCPU.
fn baseline_percent(credits_per_hour: u32, vcpus: u32) -> f64 {
    f64::from(credits_per_hour) / 60.0 / f64::from(vcpus) * 100.0
}

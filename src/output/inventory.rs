//! The inventory of a deployment: a table by resource group, JSON, CSV.

use super::number::{grouped, plain};
use super::table::STYLE;
use crate::observe::inventory::{Inventory, Resource, ResourceGroup};
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Of more parts alike of one resource the table shows one row for all; the files show each.
const MOST_PARTS: usize = 8;

/// Longest name that the table shows whole: generated ones have no end that means anything.
const LONGEST_NAME: usize = 48;

/// What the resource types of all rows begin with, left out in the table.
const PROVIDER: &str = "Microsoft.";

/// One resource as the files have it.
#[derive(Clone, Debug, Serialize)]
struct Row<'a> {
    resource_group: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    name: &'a str,
    part_of: &'a str,
    details: &'a str,
    /// USD for a month of 730 h; none when no price is known.
    usd_per_month: Option<f64>,
    note: &'a str,
}

/// A resource group as JSON has it.
#[derive(Clone, Debug, Serialize)]
struct GroupDocument<'a> {
    name: &'a str,
    purpose: &'a str,
    usd_per_month: f64,
    unpriced: usize,
    resources: Vec<Row<'a>>,
}

/// The inventory as JSON has it.
#[derive(Clone, Debug, Serialize)]
struct Document<'a> {
    at_seconds: f64,
    usd_per_month: f64,
    unpriced: usize,
    resource_groups: Vec<GroupDocument<'a>>,
    notes: &'a [String],
}

/// Columns of the CSV.
const COLUMNS: [&str; 7] = ["resource_group", "type", "name", "part_of", "details", "usd_per_month", "note"];

/// A block for each resource group with its subtotal, the total, the notes. With `fitted` as wide as the terminal at most.
#[must_use]
pub fn render(inventory: &Inventory, fitted: bool) -> String {
    let mut text = String::new();
    for group in &inventory.groups {
        let sum = sum(group.subtotal().as_f64(), group.unpriced());
        text.push_str(&format!(
            "Resource group {} ({}): {sum}\n{}\n\n",
            group.name,
            group.purpose,
            table(group, fitted).trim_fmt()
        ));
    }
    text.push_str(&format!("Total: {}\n", sum(inventory.total().as_f64(), inventory.unpriced())));
    for note in &inventory.notes {
        text.push_str(&format!("{note}\n"));
    }
    text
}

/// Writes an object with the groups, each with its resources and its subtotal, the total and the notes.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_json(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        at_seconds: inventory.at.as_secs_f64(),
        usd_per_month: inventory.total().as_f64(),
        unpriced: inventory.unpriced(),
        resource_groups: inventory.groups.iter().map(group_document).collect(),
        notes: &inventory.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// Writes one row for each resource.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(inventory: &Inventory, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    for (group, resource) in
        inventory.groups.iter().flat_map(|group| group.resources.iter().map(move |one| (group, one)))
    {
        let Row { resource_group, kind, name, part_of, details, usd_per_month, note } = row(group, resource);
        let month = usd_per_month.map_or_else(String::new, plain);
        csv.write_record([resource_group, kind, name, part_of, details, &month, note])?;
    }
    csv.flush()
}

fn group_document(group: &ResourceGroup) -> GroupDocument<'_> {
    GroupDocument {
        name: &group.name,
        purpose: group.purpose,
        usd_per_month: group.subtotal().as_f64(),
        unpriced: group.unpriced(),
        resources: group.resources.iter().map(|resource| row(group, resource)).collect(),
    }
}

fn row<'a>(group: &'a ResourceGroup, resource: &'a Resource) -> Row<'a> {
    Row {
        resource_group: &group.name,
        kind: resource.kind,
        name: &resource.name,
        part_of: &resource.part_of,
        details: &resource.details,
        usd_per_month: resource.monthly().map(|month| month.as_f64()),
        note: &resource.note,
    }
}

/// `$73.00 a month`, with what the sum leaves out.
fn sum(dollars: f64, unpriced: usize) -> String {
    let left_out = match unpriced {
        0 => String::new(),
        1 => ", and 1 resource that is not priced".to_owned(),
        several => format!(", and {several} resources that are not priced"),
    };
    format!("${} a month{left_out}", grouped(dollars, 2))
}

fn table(group: &ResourceGroup, fitted: bool) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    if fitted {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(["type", "name", "details", "$/month"]);
    for alike in group.resources.chunk_by(|a, b| !a.part_of.is_empty() && (a.kind, &a.part_of) == (b.kind, &b.part_of))
    {
        if alike.len() > MOST_PARTS {
            table.add_row(together(alike));
        } else {
            for resource in alike {
                table.add_row(cells(resource));
            }
        }
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn cells(resource: &Resource) -> [String; 4] {
    let month = resource.monthly().map_or_else(|| "not priced".to_owned(), |month| grouped(month.as_f64(), 2));
    [short(resource.kind).to_owned(), short_name(&resource.name), remarks(resource), month]
}

/// Many parts of one resource in one row: how many are in which state, and what they cost together.
fn together(alike: &[Resource]) -> [String; 4] {
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for resource in alike {
        *states.entry(remarks(resource)).or_default() += 1;
    }
    let details: Vec<String> = states.iter().map(|(remarks, count)| format!("{count} × {remarks}")).collect();
    let group = ResourceGroup { name: String::new(), purpose: "", resources: alike.to_vec() };
    let name = format!("{} and {} more", short_name(&alike[0].name), alike.len() - 1);
    let unpriced = if group.unpriced() == 0 { "" } else { " and more" };
    [
        short(alike[0].kind).to_owned(),
        name,
        details.join("; "),
        format!("{}{unpriced}", grouped(group.subtotal().as_f64(), 2)),
    ]
}

/// Details and note in one.
fn remarks(resource: &Resource) -> String {
    let parts = [resource.details.as_str(), resource.note.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn short_name(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

fn short(kind: &str) -> &str {
    kind.strip_prefix(PROVIDER).unwrap_or(kind)
}

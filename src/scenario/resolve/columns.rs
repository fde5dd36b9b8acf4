//! The columns of a CSV file that a scenario names, and what their cells say.

use super::Resolver;
use crate::scenario::diagnostic::suggestion;
use crate::scenario::document::escape;
use crate::scenario::files::Files;
use crate::scenario::quantity;
use crate::scenario::spec::{ColumnSpec, Entries};
use crate::scenario::table::{CellFaults, Row, Table};
use crate::units::{Bytes, MilliCpu, Resources};

/// A column of the file.
pub struct Column {
    index: usize,
    unit: String,
}

/// Finds columns, and keeps in mind whether one that is needed is missing.
pub struct Finder<'a, 'b> {
    resolver: &'a mut Resolver<'b>,
    table: &'a Table,
    file: &'a str,
    /// JSON pointer of `columns`.
    at: String,
    complete: bool,
}

/// Reads the file that is named at `{at}/file`; `None` when it cannot be read.
pub fn table(
    resolver: &mut Resolver<'_>,
    files: &mut Files,
    name: &str,
    at: &str,
    faults: &mut CellFaults,
) -> Option<Table> {
    match files.read(name) {
        Ok(file) => Some(Table::read(&file, faults)),
        Err(error) => {
            let remedy = "write the path of a CSV file, relative to the scenario";
            resolver.error(&format!("{at}/file"), "table::file", format!("cannot read {name}: {error}"), remedy);
            None
        }
    }
}

impl<'a, 'b> Finder<'a, 'b> {
    /// Looks for columns that are named below `{at}/columns`.
    pub fn new(resolver: &'a mut Resolver<'b>, table: &'a Table, file: &'a str, at: &str) -> Self {
        Self { resolver, table, file, at: format!("{at}/columns"), complete: true }
    }

    /// The column for `key`, whose heading is the key unless the scenario names another. Not finding it is an error.
    pub fn required(&mut self, key: &str, named: Option<&ColumnSpec>) -> Option<Column> {
        let found = self.optional(key, named);
        if found.is_none() && named.is_none() {
            self.complete = false;
            let remedy = format!("write columns: {{{key}: …}} with one of {}", self.table.headings().join(", "));
            self.resolver.error(&self.at, "table::column", format!("{} has no column {key}", self.file), remedy);
        }
        found
    }

    /// As [`Finder::required`], but without a name of its own the column may be absent.
    pub fn optional(&mut self, key: &str, named: Option<&ColumnSpec>) -> Option<Column> {
        match named {
            Some(column) => self.named(key, column),
            None => self.table.column(key).map(|index| Column { index, unit: String::new() }),
        }
    }

    /// The columns of a mapping of the scenario's own keys.
    pub fn entries(&mut self, key: &str, named: Option<&Entries<ColumnSpec>>) -> Vec<(Box<str>, Column)> {
        let each = named.into_iter().flatten();
        each.filter_map(|(name, column)| {
            let column = self.named(&format!("{key}/{}", escape(name)), column)?;
            Some((name.as_str().into(), column))
        })
        .collect()
    }

    /// True when no column that is needed or named was missing.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Checks that a unit makes a number something of its kind.
    pub fn check_unit(&mut self, key: &str, column: Option<&Column>, example: &str, is_unit: impl Fn(&str) -> bool) {
        if let Some(unit) = column.map(|column| column.unit.as_str()).filter(|unit| !unit.is_empty() && !is_unit(unit))
        {
            self.complete = false;
            let pointer = format!("{}/{key}/unit", self.at);
            self.resolver.error(&pointer, "table::unit", format!("found \"{unit}\""), format!("write {example}"));
        }
    }

    fn named(&mut self, key: &str, named: &ColumnSpec) -> Option<Column> {
        let found = self.table.column(&named.column);
        if found.is_none() {
            self.complete = false;
            let found = format!("{} has no column {}", self.file, named.column);
            let remedy = suggestion(&named.column, &self.table.headings());
            self.resolver.error(&format!("{}/{key}", self.at), "table::column", found, remedy);
        }
        found.map(|index| Column { index, unit: named.unit.clone() })
    }
}

impl Column {
    /// The text of the row's cell.
    pub fn text<'a>(&self, row: Row<'a>) -> &'a str {
        row.cell(self.index)
    }

    /// What the row's cell says, its unit put behind it; `None` for an empty cell, and after a fault.
    pub fn read<T>(
        &self,
        row: Row<'_>,
        example: &str,
        faults: &mut CellFaults,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.text(row);
        if text.is_empty() {
            return None;
        }
        let read = parse(&format!("{text}{}", self.unit));
        if read.is_none() {
            let remedy = match self.unit.as_str() {
                "" => format!("write {example}"),
                unit => format!("write a bare number: {unit} is read behind it"),
            };
            self.fault(row, format!("found \"{text}\""), remedy, faults);
        }
        read
    }

    /// As [`Column::read`], where an empty cell is a fault too.
    pub fn demand<T>(
        &self,
        row: Row<'_>,
        example: &str,
        faults: &mut CellFaults,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.text(row).is_empty() {
            self.fault(row, "found an empty cell".to_owned(), format!("write {example}"), faults);
        }
        self.read(row, example, faults, parse)
    }

    /// A fault of the row's cell.
    pub fn fault(&self, row: Row<'_>, found: String, remedy: String, faults: &mut CellFaults) {
        faults.push(row.problem(self.index, "table::cell", found, remedy));
    }
}

/// The columns of amounts that nodes offer and pods request.
pub struct Amounts {
    cpu: Column,
    memory: Column,
    ephemeral: Option<Column>,
    extended: Vec<(Box<str>, Column)>,
}

/// How the scenario names them.
pub struct NamedAmounts<'a> {
    pub cpu: Option<&'a ColumnSpec>,
    pub memory: Option<&'a ColumnSpec>,
    pub ephemeral: Option<&'a ColumnSpec>,
    pub extended: Option<&'a Entries<ColumnSpec>>,
}

/// CPU and memory as they are written, which is not the same as zero where they are not.
pub struct Written {
    pub cpu: Option<MilliCpu>,
    pub memory: Option<Bytes>,
}

const CPU: &str = "an amount of CPU such as 250m or 2";
const MEMORY: &str = "an amount of memory such as 512Mi or 2Gi";
const WHOLE: &str = "a whole number";

impl Amounts {
    /// Finds them.
    pub fn find(finder: &mut Finder<'_, '_>, named: &NamedAmounts<'_>) -> Option<Self> {
        let cpu = finder.required("cpu", named.cpu);
        let memory = finder.required("memory", named.memory);
        let ephemeral = finder.optional("ephemeralStorage", named.ephemeral);
        let extended = finder.entries("extended", named.extended);
        finder.check_unit("cpu", cpu.as_ref(), "m for millicores, or none for cores", |unit| {
            quantity::cpu(&format!("1{unit}")).is_some()
        });
        for (key, column) in [("memory", memory.as_ref()), ("ephemeralStorage", ephemeral.as_ref())] {
            finder.check_unit(key, column, "Mi, Gi, M, G or another suffix of Kubernetes, or none for bytes", |unit| {
                quantity::bytes(&format!("1{unit}")).is_some()
            });
        }
        Some(Self { cpu: cpu?, memory: memory?, ephemeral, extended })
    }

    /// The amounts of a row, with no pods among them.
    pub fn read(&self, row: Row<'_>, faults: &mut CellFaults) -> (Resources, Written) {
        let cpu = self.cpu.read(row, CPU, faults, quantity::cpu);
        let memory = self.memory.read(row, MEMORY, faults, quantity::bytes);
        let ephemeral = self.ephemeral.as_ref().and_then(|column| column.read(row, MEMORY, faults, quantity::bytes));
        let amount = |(name, column): &(Box<str>, Column)| {
            let amount = column.read(row, WHOLE, faults, quantity::count).filter(|amount| *amount > 0)?;
            Some((name.clone(), amount))
        };
        let resources = Resources {
            cpu: cpu.unwrap_or_default(),
            memory: memory.unwrap_or_default(),
            ephemeral: ephemeral.unwrap_or_default(),
            pods: 0,
            extended: self.extended.iter().filter_map(amount).collect(),
        };
        (resources, Written { cpu, memory })
    }
}

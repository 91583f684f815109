//! The form as a workbook: one sheet per service with the form's sections, one with all figures. Written by
//! `rust_xlsxwriter`, which knows the file format; texts stay texts, so no cell can become a formula.

use super::form::{Form, Section};
use anyhow::Result;
use rust_xlsxwriter::{Format, Workbook, Worksheet};

/// Longest name of a sheet, and characters that it may not hold, by the file format.
const NAME_MAX: usize = 31;
const NAME_REFUSED: [char; 7] = ['[', ']', ':', '*', '?', '/', '\\'];

/// The workbook's bytes; `services` names the sheets of those that the form begins.
pub(super) fn render(services: &[&str], form: &Form) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let (title, bold) = (Format::new().set_bold().set_font_size(14), Format::new().set_bold());
    let mut sheet = Worksheet::new();
    sheet.set_name("Laporan")?;
    sheet.write_with_format(0, 0, &form.title, &title)?;
    sheet.write(1, 0, &form.lead)?;
    sheet.write_with_format(2, 0, &form.status, &bold)?;
    let (mut row, mut number) = (4, 0);
    for section in &form.sections {
        if section.begins_service {
            workbook.push_worksheet(sheet);
            number += 1;
            row = 0;
            sheet = Worksheet::new();
            let id = services.get(number - 1).copied().unwrap_or_default();
            sheet.set_name(sheet_name(number, id))?;
        }
        row = write_section(&mut sheet, section, row, &bold)?;
    }
    workbook.push_worksheet(sheet);
    workbook.worksheets_mut().iter_mut().for_each(|sheet| {
        sheet.autofit();
    });
    Ok(workbook.save_to_buffer()?)
}

fn sheet_name(number: usize, id: &str) -> String {
    let clean: String = id.chars().filter(|c| !NAME_REFUSED.contains(c)).collect();
    format!("{number} {clean}").chars().take(NAME_MAX).collect()
}

/// Writes a section from `row` on; the row after it.
fn write_section(sheet: &mut Worksheet, section: &Section, mut row: u32, bold: &Format) -> Result<u32> {
    sheet.write_with_format(row, 0, &section.title, bold)?;
    row += 1;
    for (name, value) in &section.facts {
        sheet.write(row, 0, name)?;
        sheet.write(row, 1, value)?;
        row += 1;
    }
    for table in &section.tables {
        for (column, (heading, _)) in (0_u16..).zip(&table.columns) {
            sheet.write_with_format(row, column, heading, bold)?;
        }
        row += 1;
        for cells in &table.rows {
            for ((column, cell), (_, is_number)) in (0_u16..).zip(cells).zip(&table.columns) {
                match whole_number(cell).filter(|_| *is_number) {
                    Some(number) => sheet.write(row, column, number)?,
                    None => sheet.write(row, column, cell)?,
                };
            }
            row += 1;
        }
        if table.rows.is_empty() {
            sheet.write(row, 0, &table.empty)?;
            row += 1;
        }
    }
    for line in &section.lines {
        sheet.write(row, 0, line)?;
        row += 1;
    }
    Ok(row + 1)
}

/// A cell that is digits with marks of thousands, as a number that can be added up.
fn whole_number(cell: &str) -> Option<u32> {
    let digits: String = cell.chars().filter(|c| !matches!(c, '.' | ',')).collect();
    (digits.chars().all(|c| c.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

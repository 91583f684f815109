//! The form as HTML: the part that the page of the web holds, and a file that stands alone.

use super::form::Form;
use anyhow::Result;
use askama::Template;

const STYLE: &str = include_str!("../../assets/app.css");

#[derive(Debug, Template)]
#[template(path = "report_form.html")]
struct FormPart<'a> {
    form: &'a Form,
}

#[derive(Debug, Template)]
#[template(source = "<h1>{{ form.title }}</h1><p>{{ form.lead }}</p>", ext = "html")]
struct Heading<'a> {
    form: &'a Form,
}

/// The sections, for a page that has a frame already.
///
/// # Errors
/// Never in practice: writing to a text.
pub fn render_part(form: &Form) -> Result<String, askama::Error> {
    FormPart { form }.render()
}

/// One file with its style in it; holds no script and asks for nothing.
///
/// # Errors
/// As [`render_part`].
pub(crate) fn render_file(form: &Form) -> Result<String> {
    let (part, heading) = (render_part(form)?, Heading { form }.render()?);
    Ok(format!(
        "<!doctype html>\n<html lang=\"id\" data-theme=\"light\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>Pantau</title>\n<style>{STYLE}</style>\n</head>\n<body \
         class=\"report-file\">\n<main>\n<header class=\"page-head\">{heading}</header>\n{part}\n</main>\n</body>\n</html>\n"
    ))
}

//! Files that pages refer to, compiled in. An address carries a hash of the content, so a browser may keep it for ever
//! and a new program brings a new address. Nothing is fetched from anywhere else.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use std::sync::LazyLock;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
    /// Name with the hash before the extension.
    hashed: String,
}

macro_rules! asset {
    ($name:literal, $path:literal, $kind:literal) => {
        ($name, $kind, include_bytes!(concat!("../../../assets/", $path)).as_slice())
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let files: [(&'static str, &'static str, &'static [u8]); 6] = [
        asset!("app.css", "app.css", "text/css; charset=utf-8"),
        asset!("app.js", "app.js", "text/javascript; charset=utf-8"),
        asset!("charts.js", "charts.js", "text/javascript; charset=utf-8"),
        asset!("icon.svg", "icon.svg", "image/svg+xml"),
        asset!("uplot.css", "vendor/uplot-1.6.32.min.css", "text/css; charset=utf-8"),
        asset!("uplot.js", "vendor/uplot-1.6.32.min.js", "text/javascript; charset=utf-8"),
    ];
    files.map(|(name, content_type, body)| Asset { name, content_type, body, hashed: hashed(name, body) }).into()
});

fn hashed(name: &str, body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    let hash = hex::encode(&digest.as_ref()[..6]);
    match name.split_once('.') {
        Some((stem, extension)) => format!("{stem}-{hash}.{extension}"),
        None => format!("{name}-{hash}"),
    }
}

/// The address of a file; an unknown name gives an address that answers 404 (a test visits every page).
pub(crate) fn url(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    format!("/assets/{}", asset.map_or(name, |asset| asset.hashed.as_str()))
}

/// Gives a file by its hashed name.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.hashed == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers =
        [(header::CONTENT_TYPE, asset.content_type), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, asset.body).into_response()
}

/// Every file by its hashed name, for tests and for pages written to a folder.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    ASSETS.iter().map(|asset| (asset.hashed.as_str(), asset.body))
}

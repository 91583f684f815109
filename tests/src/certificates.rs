//! An own authority and what it signed: good, for another name, expired, about to expire.

use anyhow::Result;
use chrono::{Datelike, TimeDelta, Utc};
use pantau_agent::clock::Clock;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// A certificate's file and its key's.
pub type Pair = (PathBuf, PathBuf);

/// All of them; every key belongs to the ordinary user.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority's own, which signed all others.
    pub authority: PathBuf,
    /// For `localhost` and 127.0.0.1, good for 90 days.
    pub good: Pair,
    /// For another name.
    pub wrong: Pair,
    /// Over since five days.
    pub expired: Pair,
    /// Over in five days.
    pub soon: Pair,
}

/// Makes them in `folder`.
///
/// # Errors
/// The files'.
pub fn make(folder: &Path) -> Result<Certificates> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "pantau test authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let authority_path = folder.join("authority.pem");
    fs::write(&authority_path, authority.pem())?;
    let sign = |name: &str, host: &[&str], last_day: chrono::DateTime<Utc>| -> Result<Pair> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(host.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>())?;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after =
            date_time_ymd(last_day.year(), u8::try_from(last_day.month())?, u8::try_from(last_day.day())?);
        let certificate = params.signed_by(&key, &authority)?;
        let paths = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        fs::write(&paths.0, certificate.pem())?;
        fs::write(&paths.1, key.serialize_pem())?;
        fs::set_permissions(&paths.1, fs::Permissions::from_mode(0o600))?;
        if rustix::process::getuid().is_root() {
            chown(&paths.1, Some(65_534), Some(65_534))?;
        }
        Ok(paths)
    };
    let (own, now) = (["localhost", "127.0.0.1"], Clock::system().now().to_utc());
    Ok(Certificates {
        authority: authority_path,
        good: sign("good", &own, now + TimeDelta::days(90))?,
        wrong: sign("wrong", &["other.test"], now + TimeDelta::days(90))?,
        expired: sign("expired", &own, now - TimeDelta::days(5))?,
        soon: sign("soon", &own, now + TimeDelta::days(5))?,
    })
}

//! Who is watched: hosts, services with one check each, and the files that fit them.

use anyhow::{Context, Result, ensure};
use pantau_collector::domain::catalogue::ServiceId;
use pantau_collector::store::Store;
use pantau_collector::store::records::{HostKey, JoinTokenRecord, ReceivedBatch};
use pantau_shared::envelope::{Observation, ObservationBody};
use pantau_shared::ids::HostId;
use pantau_shared::timestamp::Timestamp;
use std::path::Path;

/// Numbers of hosts and services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Office {
    /// Hosts.
    pub(crate) hosts: usize,
    /// Services.
    pub(crate) services: usize,
}

impl Office {
    /// A host's name.
    pub(crate) fn host(host: usize) -> Result<HostId> {
        Ok(HostId::parse(&format!("server-{host:04}"))?)
    }

    /// A service's name.
    pub(crate) fn service(service: usize) -> Result<ServiceId> {
        Ok(ServiceId::parse(&format!("layanan-{service:04}"))?)
    }

    /// The check of a service.
    pub(crate) fn check(service: usize) -> String {
        format!("layanan-{service:04}-web")
    }

    /// The host that asks a service.
    pub(crate) fn vantage(self, service: usize) -> usize {
        service * self.hosts / self.services.max(1)
    }

    /// Enrols every host, as the two requests of joining do.
    pub(crate) async fn enrol(self, store: &Store, now: Timestamp) -> Result<()> {
        for host in 0..self.hosts {
            let mut secret_hash = [0; 32];
            secret_hash[..8].copy_from_slice(&(host as u64).to_be_bytes());
            let (created_at, expires_at) = (now, now.plus_secs(3600));
            let token =
                JoinTokenRecord { secret_hash, host: Self::host(host)?, replace: false, created_at, expires_at };
            let key = HostKey { public_key: secret_hash.to_vec(), machine_id_hash: format!("{host:064x}") };
            let joined = store.write(move |writer| {
                writer.create_join_token(&token)?;
                writer.redeem_join_token(&secret_hash, &key, now)
            });
            joined.await?.context("the token opens nothing")?;
        }
        Ok(())
    }

    /// Writes `catalogue.toml` and `collector.toml`, which keeps what was made and copies nothing.
    pub(crate) fn write_files(self, folder: &Path, days: u32, raw_days: u32) -> Result<()> {
        std::fs::write(folder.join("catalogue.toml"), self.catalogue()?)?;
        let config = format!(
            "listen = [\"127.0.0.1:8420\"]\ndata_dir = \"{}\"\ncatalogue = \"{}\"\n\n[tls]\nenabled = false\n\n\
             [retention]\nraw = \"{}days\"\nfive_minutes = \"{days}days\"\n\n[backup]\nenabled = false\n",
            folder.display(),
            folder.join("catalogue.toml").display(),
            raw_days.max(1)
        );
        Ok(std::fs::write(folder.join("collector.toml"), config)?)
    }

    fn catalogue(self) -> Result<String> {
        let mut text = String::from("[pemantauan]\nperiode_sampel = \"10s\"\nhost_senyap_setelah = \"90s\"\n");
        for host in 0..self.hosts {
            text += &format!("\n[[host]]\nid = \"{}\"\nnama = \"Server {host}\"\n", Self::host(host)?);
        }
        for service in 0..self.services {
            let (id, host, check) = (Self::service(service)?, Self::host(self.vantage(service))?, Self::check(service));
            text += &format!(
                "\n[[layanan]]\nid = \"{id}\"\nnama = \"Layanan {service}\"\ndeskripsi = \"Layanan contoh\"\n\
                 penyedia = \"Diskominfotik\"\nadministrator_layanan = [\"Tim Layanan\"]\n\
                 administrator_infrastruktur = [\"Tim Infrastruktur\"]\ncara_akses = \"https://{id}.example/\"\n\
                 target_ketersediaan = 99.5\nkontak_bantuan = \"bantuan@example.org\"\n\
                 waktu_bantuan = \"Senin-Jumat 07.30-16.00 WIB\"\nkelompok = \"publik\"\nklasifikasi = \"esensial\"\n\
                 host = [\"{host}\"]\n\n[[layanan.pemeriksaan]]\nid = \"{check}\"\nnama = \"Halaman depan\"\n\
                 jenis = \"http\"\nurl = \"https://{id}.example/\"\ndari = [\"{host}\"]\nselang = \"5m\"\ntenggat = \"5s\"\n"
            );
        }
        Ok(text)
    }
}

/// What a host tells, by time.
pub(crate) type Told = (usize, Vec<(Timestamp, ObservationBody)>);

/// The one spool of each host: where its sequence stands, and how many facts all of them brought.
#[derive(Debug)]
pub(crate) struct Spools {
    sequences: Vec<u64>,
    /// Observations stored.
    pub(crate) stored: usize,
}

impl Spools {
    /// Of so many hosts that have sent nothing.
    pub(crate) fn new(hosts: usize) -> Self {
        Self { sequences: vec![0; hosts], stored: 0 }
    }

    /// Sends a batch of each of these hosts, all at once: they become few commits.
    pub(crate) async fn send(&mut self, store: &Store, received_at: Timestamp, batches: Vec<Told>) -> Result<()> {
        let mut sent = tokio::task::JoinSet::new();
        for (host, bodies) in batches {
            let count = bodies.len();
            let sequence = self.sequences.get_mut(host).context("no such host")?;
            let mut observations = Vec::with_capacity(count);
            for (at, body) in bodies {
                *sequence += 1;
                observations
                    .push((at, Observation { seq: *sequence, at_ms: at.as_ms(), age_ms: None, body: Some(body) }));
            }
            let mut stream = vec![0; 8];
            stream.extend_from_slice(&(host as u64).to_be_bytes());
            let boot_id = format!("00000000-0000-4000-8000-{host:012}");
            let batch = ReceivedBatch { host: Office::host(host)?, stream, boot_id, received_at, observations };
            let store = store.clone();
            sent.spawn(async move { store.accept(batch).await.map(|accepted| (count, accepted.stored)) });
        }
        while let Some(done) = sent.join_next().await {
            let (count, stored) = done??;
            ensure!(count == stored, "the store took {stored} observations of {count}");
            self.stored += stored;
        }
        Ok(())
    }
}

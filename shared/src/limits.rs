//! Every bound that both programs rely on, with its reason. A bound of one side only lives on that side.

/// Longest identifier of a host, check or backup set, in bytes: fits a DNS label and a metric label.
pub const ID_BYTES_MAX: usize = 63;

/// Largest encoded batch a collector accepts, in bytes. A live batch is about 0.6 KB; a full one of backlog
/// stays below this because the agent stops filling at [`BATCH_OBSERVATIONS_MAX`] and [`BATCH_FILL_BYTES_MAX`].
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Where an agent stops filling a batch, in bytes; leaves room for one more large observation below
/// [`BATCH_BYTES_MAX`].
pub const BATCH_FILL_BYTES_MAX: usize = 512 * 1024;

/// Most observations in one batch.
pub const BATCH_OBSERVATIONS_MAX: usize = 1_000;

/// Largest single encoded observation, in bytes; what is larger is dropped at the agent and counted.
pub const OBSERVATION_BYTES_MAX: usize = 128 * 1024;

/// Longest free text (reason, file name, mount point) that travels, in bytes; longer is cut.
pub const TEXT_BYTES_MAX: usize = 512;

/// Most file systems, disks, interfaces or cores in one sample; the rest is left out and counted.
pub const DEVICES_MAX: usize = 256;

/// Most checks or backup sets assigned to one host.
pub const ASSIGNED_MAX: usize = 512;

/// Most artefacts listed for one backup set; the newest ones.
pub const ARTEFACTS_MAX: usize = 32;

/// Most runs told with one look at a backup set; the newest ones.
pub const RUNS_MAX: usize = 16;

/// Most verifications told with one look at a backup set; the newest ones.
pub const VERIFICATIONS_MAX: usize = 8;

/// Most paths, tags or the like in one filter of a backup source.
pub const FILTERS_MAX: usize = 16;
/// Most certificates of a chain that one outcome tells.
pub const CERTIFICATES_MAX: usize = 4;

/// Most figures of one outcome; a plug-in's further ones are left out.
pub const PROBE_VALUES_MAX: usize = 32;

/// Largest assignment, in bytes, that an agent accepts in a reply.
pub const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// Cuts `text` to [`TEXT_BYTES_MAX`] at a character boundary.
pub fn cut_text(text: &str) -> String {
    if text.len() <= TEXT_BYTES_MAX {
        return text.to_owned();
    }
    let mut end = TEXT_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_long_text_at_a_character() {
        let text = "é".repeat(TEXT_BYTES_MAX);
        let cut = cut_text(&text);
        assert_eq!(cut.len(), TEXT_BYTES_MAX);
        assert!(text.starts_with(&cut));
        assert_eq!(cut_text("short"), "short");
    }
}

//! Reads a file through its compression to the end, at the pace of a guest, and says whether it is whole.
//!
//! Limits: bytes and time of one reading, the window of a zstd frame. After each piece the reader rests three times as
//! long as the piece took, so that it never takes more than a quarter of a core or of a disk. gzip and zstd carry
//! checksums, so reading them to the end verifies them; of xz only the frame at its end is checked, without decoding; of
//! what is not compressed only the two ends are read.

use super::form::{Form, HEAD_BYTES, HeaderTime, TAIL_BYTES};
use crate::clock::Clock;
use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::time::Duration;

/// Longest reading of one file.
const READ_TIME_MAX: Duration = Duration::from_secs(1800);

/// The most a zstd frame may ask to be kept in memory, in bytes: that of level 19.
const WINDOW_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Bytes read between two rests.
const PIECE_BYTES: usize = 256 * 1024;

/// Rest after each piece, as a multiple of the time it took.
const REST: u64 = 3;

/// What reading a file told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wholeness {
    /// Nothing is missing.
    Whole {
        /// Whether every byte was read under a checksum.
        verified: bool,
    },
    /// It ends too early.
    Cut(String),
    /// It is damaged.
    Damaged(String),
    /// It was not read to the end, for this reason; nothing is known.
    NotRead(String),
}

/// All that reading a file told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Whether it is whole.
    pub wholeness: Wholeness,
    /// When it says it was begun.
    pub header: Option<HeaderTime>,
}

/// Reads `file` of `len` bytes.
pub(crate) fn read_content(file: File, len: u64, trailer: &str, bytes_max: u64, clock: &Clock) -> Content {
    let mut source = Paced::new(file, clock.clone());
    let magic = match source.fill_buf() {
        Ok(begin) => begin[..begin.len().min(6)].to_vec(),
        Err(error) => {
            return Content { wholeness: Wholeness::NotRead(format!("cannot be read: {error}")), header: None };
        }
    };
    let compressed = magic.starts_with(&[0x1f, 0x8b]) || is_zstd(&magic);
    if compressed && len > bytes_max {
        let said = format!("larger than {bytes_max} bytes");
        return Content { wholeness: Wholeness::NotRead(said), header: None };
    }
    let mut form = Form::default();
    let read = if magic.starts_with(&[0x1f, 0x8b]) {
        read_gzip(source, &mut form)
    } else if is_zstd(&magic) {
        read_zstd(source, &mut form)
    } else if magic == [0xfd, b'7', b'z', b'X', b'Z', 0] {
        return Content { wholeness: read_xz_end(source.into_file(), len), header: None };
    } else {
        return read_ends(source.into_file(), len, trailer);
    };
    let header = form.header_time();
    let wholeness = match (read, form.missing(trailer)) {
        (Ok(()), None) => Wholeness::Whole { verified: true },
        (Ok(()), Some(missing)) => Wholeness::Cut(missing),
        (Err(stop), _) => stop,
    };
    Content { wholeness, header }
}

fn is_zstd(magic: &[u8]) -> bool {
    magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
}

/// Why a reading ended before the end.
fn stop(error: &io::Error) -> Wholeness {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Wholeness::Cut("the compressed content is cut off".to_owned()),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Wholeness::Damaged(format!("the compressed content is damaged: {error}"))
        }
        _ => Wholeness::NotRead(format!("cannot be read: {error}")),
    }
}

fn read_gzip(source: Paced, form: &mut Form) -> Result<(), Wholeness> {
    let mut decoder = MultiGzDecoder::new(source);
    let mut piece = vec![0; 64 * 1024];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => form.push(&piece[..read]),
            Err(error) => return Err(stop(&error)),
        }
    }
}

/// Frames one after the other, with what may be skipped between them.
fn read_zstd(mut source: Paced, form: &mut Form) -> Result<(), Wholeness> {
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW_BYTES_MAX);
    while !source.fill_buf().map_err(|error| stop(&error))?.is_empty() {
        match decoder.reset(&mut source) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                let skipped = io::copy(&mut source.by_ref().take(u64::from(length)), &mut io::sink());
                if skipped.map_err(|error| stop(&error))? < u64::from(length) {
                    return Err(Wholeness::Cut("the compressed content is cut off".to_owned()));
                }
                continue;
            }
            Err(error) => return Err(zstd_stop(&error, &source)),
        }
        while !decoder.is_finished() {
            decoder
                .decode_blocks(&mut source, BlockDecodingStrategy::UptoBytes(PIECE_BYTES))
                .map_err(|error| zstd_stop(&error, &source))?;
            form.push(&decoder.collect().unwrap_or_default());
        }
        let (said, is) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
        if said.is_some() && said != is {
            return Err(Wholeness::Damaged("the compressed content is damaged: checksum does not fit".to_owned()));
        }
    }
    Ok(())
}

fn zstd_stop(error: &FrameDecoderError, source: &Paced) -> Wholeness {
    if let Some(kind) = source.failed {
        return stop(&kind.into());
    }
    match error {
        FrameDecoderError::WindowSizeTooBig { requested, .. } => {
            Wholeness::NotRead(format!("needs {requested} bytes of memory to be read"))
        }
        // The decoder wraps "no more bytes" deep in its own errors.
        _ if source.ended => Wholeness::Cut("the compressed content is cut off".to_owned()),
        _ => Wholeness::Damaged(format!("the compressed content is damaged: {error}")),
    }
}

/// The stream footer: CRC-32, size of the index, flags, `YZ`; the index begins with a zero byte where the footer says.
fn read_xz_end(mut file: File, len: u64) -> Wholeness {
    let cut = || Wholeness::Cut("the compressed content is cut off".to_owned());
    let mut footer = [0; 12];
    let mut indicator = [1];
    let end = len.saturating_sub(12);
    let read = file.seek(SeekFrom::Start(end)).and_then(|_| file.read_exact(&mut footer));
    if read.is_err() || !footer.ends_with(b"YZ") || crc32fast::hash(&footer[4..10]).to_le_bytes() != footer[..4] {
        return cut();
    }
    let size = footer[4..8].first_chunk().map_or(0, |size| (u64::from(u32::from_le_bytes(*size)) + 1) * 4);
    let Some(index) = end.checked_sub(size) else { return cut() };
    let read = file.seek(SeekFrom::Start(index)).and_then(|_| file.read_exact(&mut indicator));
    if read.is_ok() && indicator == [0] { Wholeness::Whole { verified: false } } else { cut() }
}

/// What is not compressed: its beginning and its end.
fn read_ends(mut file: File, len: u64, trailer: &str) -> Content {
    let mut ends = || -> io::Result<Form> {
        let (mut head, mut tail) = (Vec::new(), Vec::new());
        file.seek(SeekFrom::Start(0))?;
        (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        file.seek(SeekFrom::Start(len.saturating_sub(TAIL_BYTES as u64)))?;
        (&mut file).take(TAIL_BYTES as u64).read_to_end(&mut tail)?;
        Ok(Form::of_ends(head, tail, len))
    };
    match ends() {
        Ok(form) => {
            let wholeness = form.missing(trailer).map_or(Wholeness::Whole { verified: false }, Wholeness::Cut);
            Content { wholeness, header: form.header_time() }
        }
        Err(error) => Content { wholeness: Wholeness::NotRead(format!("cannot be read: {error}")), header: None },
    }
}

/// A file that is read in pieces with rests between them, for [`READ_TIME_MAX`].
struct Paced {
    file: BufReader<File>,
    clock: Clock,
    begun_us: u64,
    rested_us: u64,
    since_rest: usize,
    /// No byte is left.
    ended: bool,
    /// A reading failed.
    failed: Option<io::ErrorKind>,
}

impl Paced {
    fn new(file: File, clock: Clock) -> Self {
        let now_us = clock.boot_us();
        let file = BufReader::with_capacity(PIECE_BYTES, file);
        Self { file, clock, begun_us: now_us, rested_us: now_us, since_rest: 0, ended: false, failed: None }
    }

    fn into_file(self) -> File {
        self.file.into_inner()
    }

    fn rest(&mut self) -> io::Result<()> {
        let now_us = self.clock.boot_us();
        if now_us.saturating_sub(self.begun_us) > u64::try_from(READ_TIME_MAX.as_micros()).unwrap_or(u64::MAX) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "takes longer than it may"));
        }
        std::thread::sleep(Duration::from_micros(now_us.saturating_sub(self.rested_us).min(1_000_000) * REST));
        self.rested_us = self.clock.boot_us();
        self.since_rest = 0;
        Ok(())
    }
}

impl BufRead for Paced {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_rest >= PIECE_BYTES
            && let Err(error) = self.rest()
        {
            self.failed = Some(error.kind());
            return Err(error);
        }
        let filled = self.file.fill_buf();
        match &filled {
            Ok(bytes) => self.ended = bytes.is_empty(),
            Err(error) => self.failed = Some(error.kind()),
        }
        filled
    }

    fn consume(&mut self, amount: usize) {
        self.since_rest += amount;
        self.file.consume(amount);
    }
}

impl Read for Paced {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let read = available.len().min(into.len());
        into[..read].copy_from_slice(&available[..read]);
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Write;

    fn read(bytes: &[u8], bytes_max: u64) -> Wholeness {
        let mut file = tempfile::tempfile().expect("temporary file");
        file.write_all(bytes).expect("writes");
        file.seek(SeekFrom::Start(0)).expect("seeks");
        read_content(file, bytes.len() as u64, "", bytes_max, &Clock::system()).wholeness
    }

    fn dump(whole: bool) -> Vec<u8> {
        let mut text = b"-- MySQL dump 10.19\n".to_vec();
        let mut state = 7_u32;
        for _ in 0..60_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.extend(format!("({state}),").as_bytes());
        }
        if whole {
            text.extend(b"\n-- Dump completed on 2026-06-10  2:30:00\n");
        }
        text
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("compresses");
        encoder.finish().expect("compresses")
    }

    fn zstd(text: &[u8]) -> Vec<u8> {
        compress_to_vec(text, CompressionLevel::Fastest)
    }

    #[test]
    fn a_whole_compressed_dump_is_verified_and_a_cut_or_damaged_one_is_told() {
        for compress in [gzip, zstd] {
            let whole = compress(&dump(true));
            assert_eq!(read(&whole, u64::MAX), Wholeness::Whole { verified: true });
            // The dump broke off, the compressor ended well: the commonest way to lose a backup.
            assert!(matches!(read(&compress(&dump(false)), u64::MAX), Wholeness::Cut(_)));
            for cut in [7, 20, 1000, whole.len() / 2, whole.len() - 1] {
                let seen = read(&whole[..cut], u64::MAX);
                assert!(matches!(seen, Wholeness::Cut(_)), "cut at {cut}: {seen:?}");
            }
            let mut flipped = whole.clone();
            let middle = flipped.len() / 2;
            flipped[middle] ^= 0x10;
            let seen = read(&flipped, u64::MAX);
            assert!(matches!(seen, Wholeness::Damaged(_) | Wholeness::Cut(_)), "{seen:?}");
            assert!(matches!(read(&whole, 10), Wholeness::NotRead(_)));
            let twice = [whole.clone(), whole].concat();
            assert_eq!(read(&twice, u64::MAX), Wholeness::Whole { verified: true });
        }
    }

    #[test]
    fn what_is_not_compressed_is_read_at_its_ends() {
        assert_eq!(read(&dump(true), 10), Wholeness::Whole { verified: false });
        assert!(matches!(read(&dump(false), 10), Wholeness::Cut(_)));
        assert_eq!(read(b"", 10), Wholeness::Whole { verified: false });
    }

    #[test]
    fn xz_is_checked_by_the_frame_at_its_end() {
        // `printf hi | xz`
        let whole = hex::decode(
            "fd377a585a000004e6d6b4460200210116000000742fe5a30100016869000000\
             fea93811bccaa54800011a02dc2ea57e1fb6f37d010000000004595a",
        )
        .expect("hex");
        assert_eq!(read(&whole, 10), Wholeness::Whole { verified: false });
        assert!(matches!(read(&whole[..whole.len() - 1], 10), Wholeness::Cut(_)));
        assert!(matches!(read(&whole[..20], 10), Wholeness::Cut(_)));
    }
}

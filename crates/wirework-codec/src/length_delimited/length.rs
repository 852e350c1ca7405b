//! From the length on the wire to that of a frame, and back, whatever the settings.

use super::{LengthDelimited, LengthError, THE_LENGTH};
use crate::{Mark, WriteBuf};

impl LengthDelimited {
    /// Where the length ends.
    pub(super) fn header(&self) -> usize {
        self.offset as usize + usize::from(self.width)
    }

    /// How many bytes are dropped from the front of a frame.
    pub(super) fn skipped(&self) -> usize {
        match self.skip {
            THE_LENGTH => self.header(),
            skip => skip as usize,
        }
    }

    /// Where a frame starts and ends, whatever the settings.
    #[inline(never)]
    pub(super) fn find_any(&self, src: &[u8]) -> Result<Option<(usize, usize)>, LengthError> {
        let Some(field) = src.get(self.offset as usize..self.header()) else {
            return Ok(None);
        };
        let len = self.frame_len(self.read(field))?;
        let start = self.skipped();
        // `checked` for a limit near `usize::MAX`: such a frame never is complete.
        let end = start.checked_add(len).filter(|end| *end <= src.len());
        Ok(end.map(|end| (start, end)))
    }

    /// How long the frame is that has this length, without what is skipped.
    fn frame_len(&self, length: u64) -> Result<usize, LengthError> {
        // What of the header is handed out counts, and so does what the length leaves out.
        #[expect(
            clippy::cast_possible_wrap,
            reason = "each of the two is at most 64 KiB and a few bytes"
        )]
        let bias = i64::from(self.adjustment) + self.header() as i64 - self.skipped() as i64;
        let shortest = self.header().saturating_sub(self.skipped()) as u64;
        if let Some(len) = length.checked_add_signed(bias)
            && len >= shortest
            && len <= u64::from(self.max_len)
            && let Ok(len) = usize::try_from(len)
        {
            return Ok(len);
        }
        Err(self.refuse(length))
    }

    /// What is wrong with a length.
    #[cold]
    fn refuse(&self, length: u64) -> LengthError {
        let rest = i128::from(length) + i128::from(self.adjustment);
        let len = rest + self.header() as i128 - self.skipped() as i128;
        if rest < 0 || len < 0 {
            return LengthError::TooShort { length };
        }
        LengthError::TooLong {
            len: u64::try_from(len).unwrap_or(u64::MAX),
            limit: self.max_len as usize,
        }
    }

    /// What to write as the length of a frame of `total` bytes.
    pub(super) fn length(&self, total: usize) -> Result<u64, LengthError> {
        let len = (total - self.skipped()) as u64;
        if len > u64::from(self.max_len) {
            return Err(LengthError::TooLong {
                len,
                limit: self.max_len as usize,
            });
        }
        let Some(rest) = (total as u64).checked_sub(self.header() as u64) else {
            return Err(LengthError::NoHeader {
                len: total,
                header: self.header(),
            });
        };
        let fits = |length: &u64| self.width == 8 || *length < 1 << (8 * u32::from(self.width));
        let length = rest.checked_add_signed(-i64::from(self.adjustment));
        length.filter(fits).ok_or(LengthError::Unwritable {
            len,
            width: usize::from(self.width),
        })
    }

    fn read(&self, field: &[u8]) -> u64 {
        let shift_in = |length: u64, byte: &u8| length << 8 | u64::from(*byte);
        if self.little_endian {
            field.iter().rev().fold(0, shift_in)
        } else {
            field.iter().fold(0, shift_in)
        }
    }

    pub(super) fn write(&self, length: u64, mark: Mark, dst: &mut WriteBuf) {
        let (offset, width) = (self.offset as usize, usize::from(self.width));
        if self.little_endian {
            dst.patch_at(mark, offset, &length.to_le_bytes()[..width]);
        } else {
            dst.patch_at(mark, offset, &length.to_be_bytes()[8 - width..]);
        }
    }
}

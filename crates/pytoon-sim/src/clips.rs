//! Creates the clips that the vendors deliver, with the `ffmpeg` program.
//!
//! Guarantees: each clip is encoded once, regardless of the number of concurrent requests, and is cached on
//! disk under a name that contains all of its parameters; partial clips are never visible; few clips are
//! encoded at a time.
//!
//! This module does not choose clips, which `job` and `files` do, and does not send them.

use crate::scenario::Fault;
use crate::seed;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Number of different good clips per vendor, size and length: few enough for the disk.
const LOOKS: u64 = 6;
/// Maximum number of concurrent encoders.
const ENCODERS: usize = 2;
/// The frame rate of the clips, in frames per second.
const RATE: u32 = 24;
/// Maximum side length of a clip, in pixels.
const MAX_SIDE: u32 = 4096;
/// Maximum length of a clip, in milliseconds.
const MAX_DURATION_MS: u64 = 60_000;

/// The content of a clip: good, or one of the faults that a scenario requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Moving colours and gradients.
    Good,
    /// A black picture.
    Black,
    /// A frozen picture: the first frame is repeated for the whole clip.
    Frozen,
    /// Moving colours with a loud, unrequested tone.
    Loud,
}

/// The parameters of a generated clip.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Film {
    pub(crate) vendor: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) duration_ms: u64,
    pub(crate) kind: Kind,
    pub(crate) look: u64,
}

impl Film {
    /// Returns the clip's parameters with a fault applied, if the fault changes the picture, the sound, the size or
    /// the length.
    pub(crate) fn with_fault(mut self, fault: Option<Fault>) -> Self {
        match fault {
            Some(Fault::BlackClip) => self.kind = Kind::Black,
            Some(Fault::FrozenClip) => self.kind = Kind::Frozen,
            Some(Fault::LoudClip) => self.kind = Kind::Loud,
            Some(Fault::WrongClip) => {
                // A square rotated by 90 degrees is still a square.
                let square = self.width == self.height;
                let height = if square { (self.height / 2) & !1 } else { self.width };
                (self.width, self.height) = (self.height, height);
                self.duration_ms = self.duration_ms * 3 / 5;
            }
            _ => {}
        }
        self
    }

    /// Returns the file name of the clip. The name contains a hash of the encoder arguments, so that files from older
    /// arguments are not reused.
    fn name(&self, arguments: &[String]) -> String {
        let Self { vendor, width, height, duration_ms, kind, look } = self;
        let way = seed::of_text(&arguments.join(" ")) >> 40;
        format!("{vendor}-{width}x{height}-{duration_ms}ms-{kind:?}-{look}-{way:06x}.mp4")
            .to_lowercase()
    }
}

/// An error that prevents the creation of a clip.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClipError {
    #[error("failed to start ffmpeg: {0}")]
    Start(std::io::Error),
    #[error("failed to use the folder of films: {0}")]
    Folder(#[from] std::io::Error),
    #[error("ffmpeg failed: {0}")]
    Failed(String),
    #[error("the size or length of the clip is outside the simulator's limits")]
    Bounds,
    #[error("the encoder was stopped")]
    Stopped,
}

/// The cache of clips.
#[derive(Debug, Clone)]
pub(crate) struct Clips(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    scale: f64,
    encoders: Semaphore,
    encoded: AtomicU64,
    films: Mutex<HashMap<Film, Arc<OnceCell<PathBuf>>>>,
}

impl Clips {
    pub(crate) fn new(folder: PathBuf, scale: f64) -> std::io::Result<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self(Arc::new(Inner {
            folder,
            scale,
            encoders: Semaphore::new(ENCODERS),
            encoded: AtomicU64::new(0),
            films: Mutex::default(),
        })))
    }

    /// Returns the number of clips encoded since the simulator started.
    pub(crate) fn encoded_count(&self) -> u64 {
        self.0.encoded.load(Ordering::Relaxed)
    }

    /// Returns the path of a clip, which is encoded first if it is new.
    pub(crate) async fn get(&self, film: Film) -> Result<PathBuf, ClipError> {
        let film = self.to_delivery(film);
        if film.width.max(film.height) > MAX_SIDE || film.duration_ms > MAX_DURATION_MS {
            return Err(ClipError::Bounds);
        }
        let cell = {
            let mut films = self.0.films.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(films.entry(film.clone()).or_default())
        };
        let inner = Arc::clone(&self.0);
        // A separate task: the requester may disconnect, the encoding continues for the next one.
        let making =
            tokio::spawn(async move { cell.get_or_try_init(|| inner.make(film)).await.cloned() });
        making.await.map_err(|_| ClipError::Stopped)?
    }

    /// Returns the clip's parameters with the size scaled by `clip_scale` and the look reduced to one of `LOOKS`.
    fn to_delivery(&self, mut film: Film) -> Film {
        let scale = |side: u32| ((f64::from(side) * self.0.scale / 2.0).round() as u32 * 2).max(16);
        (film.width, film.height) = (scale(film.width), scale(film.height));
        film.look %= LOOKS;
        film
    }
}

impl Inner {
    async fn make(&self, film: Film) -> Result<PathBuf, ClipError> {
        let arguments = arguments(&film);
        let name = film.name(&arguments);
        let path = self.folder.join(&name);
        if tokio::fs::try_exists(&path).await? {
            return Ok(path);
        }
        let _permit = self.encoders.acquire().await.map_err(|_| ClipError::Stopped)?;
        // A unique name: another simulator may be making the same film in the same folder.
        let half = tempfile::Builder::new().prefix(".half-").tempfile_in(&self.folder)?;
        let half = half.into_temp_path();
        let made = tokio::task::spawn_blocking(move || {
            ffmpeg(&arguments, &half)?;
            half.persist(&path).map_err(|error| error.error)?;
            Ok(path)
        });
        let path: PathBuf = made.await.map_err(|_| ClipError::Stopped).flatten()?;
        self.encoded.fetch_add(1, Ordering::Relaxed);
        Ok(path)
    }
}

/// Runs `ffmpeg` with `arguments` and writes its output to `target`.
pub(crate) fn ffmpeg(arguments: &[String], target: &Path) -> Result<(), ClipError> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of this crate that starts programs"
    )]
    let output = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-y"])
        .args(arguments)
        .arg(target)
        .stdin(Stdio::null())
        .output()
        .map_err(ClipError::Start)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(ClipError::Failed(said.chars().take(500).collect()))
}

/// Returns the arguments of `ffmpeg` for a clip, without the output path.
fn arguments(film: &Film) -> Vec<String> {
    let seconds = film.duration_ms as f64 / 1000.0;
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
    add(&["-f", "lavfi", "-i", &picture(film)]);
    if film.kind == Kind::Loud {
        add(&["-f", "lavfi", "-i", "sine=frequency=880:sample_rate=48000,volume=24dB"]);
        add(&["-c:a", "aac", "-b:a", "128k", "-ac", "2"]);
    }
    add(&["-t", &format!("{seconds:.3}"), "-r", &RATE.to_string()]);
    add(&["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p"]);
    add(&["-threads", "2", "-movflags", "+faststart", "-f", "mp4"]);
    arguments
}

/// Returns the lavfi source of a clip: slow gradients with soft lights drifting over them, or black.
fn picture(film: &Film) -> String {
    let Film { width, height, .. } = film;
    if film.kind == Kind::Black {
        return format!("color=c=black:s={width}x{height}:r={RATE}");
    }
    let look = seed::mix_all(&[seed::of_text(&film.vendor), film.look]);
    let colours = palette(&film.vendor, film.look);
    let kind = ["linear", "spiral", "circular", "linear"][(look % 4) as usize];
    // Smooth pictures lose nothing when drawn at a smaller size, which is much faster.
    let (small_width, small_height) = ((width / 4).max(16), (height / 4).max(16));
    let disc = (width.min(height) / 2).max(16) & !1;
    let (speed, turn) = (0.6 + (look >> 8 & 3) as f64 * 0.2, (look >> 12 & 7) as f64);
    let still = if film.kind == Kind::Frozen { ",loop=loop=-1:size=1:start=0" } else { "" };
    format!(
        "gradients=s={small_width}x{small_height}:r={RATE}:n=4:type={kind}:seed={seed}:speed=0.04\
         :x0={x0}:y0={y0}:x1={x1}:y1={y1}:c0={c0}:c1={c1}:c2={c2}:c3={c3},scale={width}:{height}:flags=bilinear,format=yuv420p[back];\
         color=c=white:s={disc}x{disc}:r={RATE},format=yuva420p,\
         trim=end_frame=1,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)'\
         :a='150*pow(max(0,1-hypot(X-W/2,Y-H/2)/(W/2)),1.5)',loop=loop=-1:size=1:start=0,\
         setpts=N/{RATE}/TB,split[light][lamp];\
         [back][light]overlay=x='(W-w)*(0.5+0.5*sin({speed}*t+{turn}))'\
         :y='(H-h)*(0.5+0.5*cos({speed}*0.7*t+{turn}))':eval=frame:shortest=0[one];\
         [one][lamp]overlay=x='(W-w)*(0.5-0.5*cos({speed}*1.3*t+{turn}))'\
         :y='(H-h)*(0.5+0.5*sin({speed}*0.9*t))':eval=frame,format=yuv420p{still}",
        seed = look & 0xffff,
        x0 = small_width / 5,
        y0 = small_height / 8,
        x1 = small_width * 4 / 5,
        y1 = small_height * 7 / 8,
        c0 = colours[0],
        c1 = colours[1],
        c2 = colours[2],
        c3 = colours[3],
    )
}

/// Returns four colours of different brightness around a vendor's own hue, which `look` shifts.
fn palette(vendor: &str, look: u64) -> [String; 4] {
    let hue = seed::of_text(vendor) % 360;
    let shift = seed::mix(look) % 70;
    [(0, 0.70, 0.35), (25, 0.60, 0.85), (50, 0.45, 0.60), (330, 0.65, 0.40)]
        .map(|(offset, saturation, value)| rgb(hue + shift + offset, saturation, value))
}

/// Converts HSV to `0xrrggbb`.
fn rgb(hue: u64, saturation: f64, value: f64) -> String {
    let channel = |offset: f64| {
        let k = (offset + (hue % 360) as f64 / 60.0) % 6.0;
        let level = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        (level * 255.0).round() as u8
    };
    format!("0x{:02x}{:02x}{:02x}", channel(5.0), channel(3.0), channel(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn film(width: u32, height: u32) -> Film {
        Film {
            vendor: "runway".to_owned(),
            width,
            height,
            duration_ms: 5000,
            kind: Kind::Good,
            look: 1,
        }
    }

    #[test]
    fn primary_colours_come_out_right() {
        assert_eq!(rgb(0, 1.0, 1.0), "0xff0000");
        assert_eq!(rgb(120, 1.0, 1.0), "0x00ff00");
        assert_eq!(rgb(240, 1.0, 1.0), "0x0000ff");
    }

    #[test]
    fn a_wrong_clip_has_another_shape_and_length() {
        let wrong = film(720, 1280).with_fault(Some(Fault::WrongClip));
        assert_eq!((wrong.width, wrong.height, wrong.duration_ms), (1280, 720, 3000));
        let wrong = film(960, 960).with_fault(Some(Fault::WrongClip));
        assert_eq!((wrong.width, wrong.height), (960, 480));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_cupboards_may_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let asks: Vec<_> = (0..6)
            .map(|_| {
                let clips = Clips::new(folder.path().to_owned(), 0.1).unwrap();
                tokio::spawn(async move { clips.get(film(720, 1280)).await.unwrap() })
            })
            .collect();
        for ask in asks {
            let path = ask.await.unwrap();
            let check = ["-xerror", "-i", path.to_str().unwrap(), "-f", "null"];
            let check: Vec<String> = check.iter().map(|word| (*word).to_owned()).collect();
            ffmpeg(&check, Path::new("-")).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_film_is_encoded_once_however_many_ask() {
        let folder = tempfile::tempdir().unwrap();
        let clips = Clips::new(folder.path().to_owned(), 0.1).unwrap();
        let asks: Vec<_> = (0..8)
            .map(|_| {
                let clips = clips.clone();
                tokio::spawn(async move { clips.get(film(720, 1280)).await.unwrap() })
            })
            .collect();
        for ask in asks {
            let path = ask.await.unwrap().display().to_string();
            assert!(path.contains("/runway-72x128-5000ms-good-1-"), "{path}");
        }
        assert_eq!(clips.encoded_count(), 1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let later = Clips::new(folder.path().to_owned(), 0.1).unwrap();
        later.get(film(720, 1280)).await.unwrap();
        assert_eq!(later.encoded_count(), 0);
    }
}

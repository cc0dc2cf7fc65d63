//! Tests of the colours of clips, with a chart of 24 patches in every colour space of cameras.

use crate::media_kinds::make;
use crate::support::quick;
use pytoon_testkit::Workspace;
use pytoon_testkit::program::tool;
use std::path::Path;

/// The patches of a colour checker, row by row, and a few at the extremes of the range.
const PATCHES: [u32; 24] = [
    0x73_52_44, 0xc2_96_82, 0x62_7a_9d, 0x57_6c_43, 0x85_80_b1, 0x67_bd_aa, //
    0xd6_7e_2c, 0x50_5b_a6, 0xc1_5a_63, 0x5e_3c_6c, 0x9d_bc_40, 0xe0_a3_2e, //
    0x38_3d_96, 0x46_94_49, 0xaf_36_3c, 0xe7_c7_1f, 0xbb_56_95, 0x08_85_a1, //
    0xff_ff_ff, 0xc8_c8_c8, 0xa0_a0_a0, 0x7a_7a_79, 0x34_34_34, 0x10_10_10,
];
const WIDTH: usize = 270;
const HEIGHT: usize = 480;

/// Writes the chart as a clip in BT.709, with four columns and six rows.
fn chart(workspace: &Workspace) {
    let pixels: Vec<u8> = (0..HEIGHT * WIDTH)
        .flat_map(|at| {
            let patch = PATCHES[at / WIDTH / 80 * 4 + at % WIDTH * 4 / WIDTH];
            [(patch >> 16) as u8, (patch >> 8) as u8, patch as u8]
        })
        .collect();
    workspace.write("chart.rgb", pixels);
    make(
        workspace,
        "-f rawvideo -pix_fmt rgb24 -video_size 270x480 -i {}/chart.rgb -vf \
         scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,loop=89:1,setpts=N/30/TB -r 30 -c:v libx264 -qp 0 \
         -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv {}/sdr.mp4",
    );
}

/// Renders a film of one clip without a colour grade, and returns its composed frames.
#[track_caller]
fn frames(workspace: &Workspace, clip: &str) -> Vec<u8> {
    workspace.write("cfg/presets/plain.yaml", "grade: clean\ngrade_strength: 0\n");
    let media = format!("media_files: [{clip}]\ncaptions: off\npreset_id: plain\n");
    workspace.write("brief.yaml", quick(&media));
    let args =
        ["render", "brief.yaml", "--out", "out", "--config", "cfg", "--frames-out", "frames"];
    workspace.pytoon(&args).ok();
    std::fs::read(workspace.path("frames")).expect("frames")
}

/// Returns the mean colour of each patch in the middle frame, as R'G'B' from 0 to 255.
fn patches(frames: &[u8]) -> Vec<[f64; 3]> {
    let size = WIDTH * HEIGHT * 3 / 2;
    let frame = &frames[30 * size..31 * size];
    let (luma, chroma) = frame.split_at(WIDTH * HEIGHT);
    let (cb, cr) = chroma.split_at(chroma.len() / 2);
    let mean = |plane: &[u8], width: usize, patch: usize, share: usize| {
        let (left, top) = (patch % 4 * WIDTH / 4 + 20, patch / 4 * 80 + 24);
        let rows = top / share..(top + 32) / share;
        let codes: Vec<f64> = rows
            .flat_map(|y| &plane[y * width + left / share..y * width + (left + 28) / share])
            .map(|code| f64::from(*code))
            .collect();
        codes.iter().sum::<f64>() / codes.len() as f64
    };
    (0..24)
        .map(|patch| {
            let y = (mean(luma, WIDTH, patch, 1) - 16.0) / 219.0;
            let b = (mean(cb, WIDTH / 2, patch, 2) - 128.0) / 224.0;
            let r = (mean(cr, WIDTH / 2, patch, 2) - 128.0) / 224.0;
            let (red, blue) = (y + 1.5748 * r, y + 1.8556 * b);
            let green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152;
            [red, green, blue].map(|v| (v * 255.0).clamp(0.0, 255.0))
        })
        .collect()
}

const X265: &str = "-c:v libx265 -preset ultrafast -x265-params log-level=error:crf=4";

#[test]
fn a_chart_has_its_colours_in_any_source_colour_space() {
    let workspace = Workspace::new();
    chart(&workspace);
    let linear = "zscale=t=linear:npl=203,format=gbrpf32le";
    for (name, filter, codec, tags) in [
        (
            "hlg.mov",
            format!(
                "{linear},zscale=p=2020:t=arib-std-b67:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
            ),
            X265,
            "-color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc",
        ),
        (
            "pq.mp4",
            format!(
                "{linear},zscale=p=2020:t=smpte2084:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
            ),
            X265,
            "-color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc",
        ),
        (
            "wide.mkv",
            format!(
                "{linear},zscale=p=2020:t=2020_10:m=2020_ncl:r=limited:npl=203,format=yuv420p10le"
            ),
            X265,
            "-color_primaries bt2020 -color_trc bt2020-10 -colorspace bt2020nc",
        ),
        (
            "p3.mov",
            format!("{linear},zscale=p=smpte432:t=709:m=709:r=limited:npl=203,format=yuv420p10le"),
            X265,
            "-color_primaries smpte432 -color_trc bt709 -colorspace bt709",
        ),
        (
            "ntsc.mp4",
            "scale=out_color_matrix=bt601,format=yuv420p".into(),
            "-c:v libx264 -crf 4",
            "-color_primaries smpte170m -color_trc smpte170m -colorspace smpte170m",
        ),
        (
            "pal.mp4",
            "scale=out_color_matrix=bt601,format=yuv420p".into(),
            "-c:v libx264 -crf 4",
            "-color_primaries bt470bg -color_trc smpte170m -colorspace bt470bg",
        ),
        (
            "matrix.mp4",
            "scale=out_color_matrix=bt601,format=yuv420p".into(),
            "-c:v libx264 -crf 4",
            "-color_primaries bt709 -color_trc bt709 -colorspace smpte170m",
        ),
        (
            "full.mp4",
            "scale=in_range=tv:out_range=pc,format=yuvj420p".into(),
            "-c:v libx264 -crf 4",
            "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range pc",
        ),
        (
            "ten.mp4",
            "format=yuv420p10le".into(),
            X265,
            "-color_primaries bt709 -color_trc bt709 -colorspace bt709",
        ),
    ] {
        make(&workspace, &format!("-i {{}}/sdr.mp4 -vf {filter} {codec} {tags} {{}}/{name}"));
        let original = patches(&frames(&workspace, "sdr.mp4"));
        let seen = patches(&frames(&workspace, name));
        let differences: Vec<f64> = original
            .iter()
            .flatten()
            .zip(seen.iter().flatten())
            .map(|(original, seen)| (original - seen).abs())
            .collect();
        let most = differences.iter().copied().fold(0.0, f64::max);
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        assert!(most <= 10.0 && mean <= 4.0, "{name}: at most {most:.1}, {mean:.2} in the mean");
    }
}

#[test]
fn a_clip_in_bt709_passes_through_unchanged() {
    let workspace = Workspace::new();
    make(
        &workspace,
        "-f lavfi -i testsrc2=s=270x480:r=30:d=3 -vf scale=out_color_matrix=bt709:out_range=tv,format=yuv420p \
         -c:v libx264 -color_primaries bt709 -color_trc bt709 -colorspace bt709 {}/a.mp4",
    );
    let seen = frames(&workspace, "a.mp4");
    let path = workspace.path("a.mp4").display().to_string();
    let args = ["-v", "error", "-i", &path, "-frames:v", "75", "-f", "rawvideo", "-"];
    let stored = tool("ffmpeg", args);
    assert!(seen == stored, "{} and {} bytes", seen.len(), stored.len());
}

/// Returns the PQ code of a luminance in cd/m², 0 to 1.
fn pq(nits: f64) -> f64 {
    let power = (nits / 10_000.0_f64).powf(2610.0 / 16384.0);
    let (c1, c2, c3) = (3424.0 / 4096.0, 2413.0 / 128.0, 2392.0 / 128.0);
    ((c1 + c2 * power) / (1.0 + c3 * power)).powf(2523.0 / 32.0)
}

/// Writes a clip of 24 grey patches with these luminances.
fn steps(workspace: &Workspace, nits: &[f64]) {
    let grey =
        |at: usize| (64.0 + 876.0 * pq(nits[at / WIDTH / 80 * 4 + at % WIDTH * 4 / WIDTH])).round();
    let mut bytes: Vec<u8> =
        (0..HEIGHT * WIDTH).flat_map(|at| (grey(at) as u16).to_le_bytes()).collect();
    bytes.extend([0, 2].repeat(HEIGHT / 2 * (WIDTH / 2) * 2));
    workspace.write("steps.yuv", bytes);
    make(
        workspace,
        &format!(
            "-f rawvideo -pix_fmt yuv420p10le -video_size 270x480 -i {{}}/steps.yuv -vf \
             loop=89:1,setpts=N/30/TB -r 30 {X265} -color_primaries bt2020 -color_trc smpte2084 \
             -colorspace bt2020nc {{}}/steps.mp4"
        ),
    );
}

#[test]
fn bright_steps_stay_apart_up_to_a_thousand_nits() {
    for (name, step) in [("even", 1000.0 / 23.0), ("doubling", 0.0)] {
        let workspace = Workspace::new();
        let nits: Vec<f64> = (0..24)
            .map(f64::from)
            .map(|i| if step > 0.0 { i * step } else { 1000.0 * 0.72_f64.powf(23.0 - i) })
            .collect();
        steps(&workspace, &nits);
        let greys: Vec<f64> =
            patches(&frames(&workspace, "steps.mp4")).iter().map(|patch| patch[1]).collect();
        for (pair, nits) in greys.windows(2).zip(nits.windows(2)) {
            assert!(pair[1] - pair[0] >= 0.4, "{name}, {nits:.0?} cd/m²: {pair:.1?}");
        }
        assert!(greys[23] > 250.0, "{greys:?}");
    }
}

#[test]
fn a_converted_clip_is_noted() {
    let workspace = Workspace::new();
    chart(&workspace);
    make(
        &workspace,
        &format!(
            "-i {{}}/sdr.mp4 -vf zscale=p=2020:t=smpte2084:m=2020_ncl:npl=203,format=yuv420p10le {X265} \
             -color_primaries bt2020 -color_trc smpte2084 -colorspace bt2020nc {{}}/pq.mp4"
        ),
    );
    frames(&workspace, "pq.mp4");
    let receipt = std::fs::read_to_string(Path::new(&workspace.path("out/metadata.json")));
    let note = "pq.mp4: pytoon converted its colours (PQ, BT.2020) to BT.709";
    assert!(receipt.expect("a receipt").contains(note));
    frames(&workspace, "sdr.mp4");
    let receipt = std::fs::read_to_string(Path::new(&workspace.path("out/metadata.json")));
    assert!(!receipt.expect("a receipt").contains("were converted"));
}

// The view of a finished film: player, inspector, timeline, and the same as lists.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { language, words } from "../text";
import type { Bundle } from "./bundle";
import { TimelineCanvas } from "./canvas";
import { Inspector, type SceneTools } from "./inspector";
import { TimelineStore } from "./store";
import { onTimelineKey, Toolbar } from "./toolbar";
import { ProblemList, SceneList } from "./twin";

interface Props {
  bundle: Bundle;
  /** Fields that change the selected scene. */
  tools?: SceneTools;
  /** Moves the keyboard to these fields. */
  onEdit?: () => void;
  /** What stands between the player and the timeline, such as the changes that are not rendered. */
  underTop?: ComponentChildren;
  /** What stands under the player, such as downloads. */
  underPlayer?: ComponentChildren;
  /** What lies over the picture, such as a caption that is not rendered yet. */
  overPicture?: (store: TimelineStore) => ComponentChildren;
}

export function TimelineView({ bundle, tools, onEdit, underTop, underPlayer, overPicture }: Props) {
  const text = words();
  const last = useRef<TimelineStore | null>(null);
  const store = useMemo(() => new TimelineStore(bundle, last.current), [bundle]);
  last.current = store;
  return (
    <div class="film" onKeyDown={(event) => onTimelineKey(store, event, onEdit)}>
      <div class={bundle.film ? "film-top" : "film-top without-player"}>
        {bundle.film && (
          <div class="player">
            <Player key={bundle.film} store={store} bundle={bundle} over={overPicture?.(store)} />
            {underPlayer}
          </div>
        )}
        <Inspector store={store} {...(tools && { tools })} {...(onEdit && { onEdit })} />
        <ProblemList store={store} />
      </div>
      {underTop}
      <section class="card" aria-labelledby="timeline">
        <h2 id="timeline">{text.timeline}</h2>
        <Toolbar store={store} />
        <TimelineCanvas store={store} />
        <Legend bundle={bundle} />
        <p class="help">{text.timelineHelp}{onEdit && ` ${text.editKeyHelp}`}</p>
      </section>
      <SceneList store={store} {...(onEdit && { onEdit })} />
    </div>
  );
}

function Player({ store, bundle, over }: { store: TimelineStore; bundle: Bundle; over: ComponentChildren }) {
  const text = words();
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    store.connect(video.current);
    return () => store.connect(null);
  }, [store]);
  const { width, height } = bundle.timeline.profile;
  return (
    <div class="picture" style={{ aspectRatio: `${width} / ${height}` }}>
      <video ref={video} controls playsInline preload="auto" src={bundle.film} aria-label={text.film}>
        {bundle.subtitles && (
          <track kind="captions" src={bundle.subtitles} srcLang={bundle.timeline.language} label={text.captions}
            default={!bundle.timeline.look.captions.burnIn} />
        )}
      </video>
      {over}
    </div>
  );
}

/** Names the colours of the rows. */
function Legend({ bundle }: { bundle: Bundle }) {
  const text = words();
  const entries: [string, string, boolean][] = [
    ["scene", text.legendScene, true],
    ["fallback", text.fallback, true],
    ["voice", text.voice, bundle.peaks.voice !== undefined],
    ["music", text.music, bundle.peaks.music !== undefined],
    ["duck", text.ducking, true],
    ["loud", text.loudness, bundle.inspection !== null],
    ["word", text.word, true],
    ["cue", text.cueTitle, true],
    ["bad", text.legendBad, true],
  ];
  return (
    <ul class="legend" lang={language.value}>
      {entries.map(([name, label, isShown]) => isShown && <li key={name} class={`key-${name}`}>{label}</li>)}
    </ul>
  );
}

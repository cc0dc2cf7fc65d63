// The voice and the music of a new film.
import { MusicPicker, VoicePicker } from "../ui/sound";
import { words } from "../text";
import { brief, change, errorsOf, files, notesOf, plan } from "./state";

export function Sound() {
  const text = words();
  const { voice, music_source, music_gain_db, script } = brief.value;
  const sample = plan.value?.sceneGraph.scenes[0]?.sentences[0] ?? script?.slice(0, 120) ?? "";
  return (
    <section class="card" aria-labelledby="sound-title">
      <h2 id="sound-title">{text.voiceAndMusic}</h2>
      {files.value.some((file) => file.kind === "sound") ? <p class="help">{text.recordingSpeaks}</p> : (
        <VoicePicker value={voice} automatic={automatic()} spoken={plan.value?.sceneGraph.language ?? brief.value.language ?? ""} sample={sample || text.sampleSentence}
          onChange={(next) => change({ voice: next } as object)} errors={errorsOf("voice")} notes={notesOf("voice")} />
      )}
      <MusicPicker value={music_source ?? ""} onChange={(next) => change({ music_source: next || undefined } as object)}
        gain={music_gain_db} onGain={(next) => change({ music_gain_db: next } as object)}
        errors={[...errorsOf("music_source"), ...errorsOf("music_gain_db")]} />
    </section>
  );
}

/** Names the voice that the service would choose. */
function automatic(): string {
  const by = plan.value?.spokenBy;
  const isChosen = brief.value.voice !== undefined;
  return by && !isChosen ? words().automaticVoice([by.provider, by.voice].filter(Boolean).join(", ")) : words().automatic;
}

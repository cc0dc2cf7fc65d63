// A labelled control with its help, its errors and its warnings.
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { noteText } from "../text";
import type { Note } from "../types";

interface Props {
  label: string;
  help?: string;
  errors?: string[];
  notes?: Note[];
  /** Returns the control. It takes the attributes as they are. */
  children: (attributes: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ComponentChildren;
}

export function Field({ label, help, errors = [], notes = [], children }: Props) {
  const id = useId();
  const described = [help && `${id}-help`, errors.length > 0 && `${id}-errors`, notes.length > 0 && `${id}-notes`]
    .filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": errors.length > 0 })}
      {help && <p id={`${id}-help`} class="help">{help}</p>}
      <Messages id={id} errors={errors} notes={notes} />
    </div>
  );
}

/** Shows errors and warnings under a control. */
export function Messages({ id, errors, notes }: { id?: string; errors: string[]; notes: Note[] }) {
  return (
    <>
      {errors.length > 0 && (
        <ul id={id && `${id}-errors`} class="messages problem">{errors.map((error) => <li key={error}>{error}</li>)}</ul>
      )}
      {notes.length > 0 && (
        <ul id={id && `${id}-notes`} class="messages warning">
          {notes.map((note) => <li key={note.message}>{noteText(note)}</li>)}
        </ul>
      )}
    </>
  );
}

/** A select with an entry for "no choice". */
export function Choice({ label, value, empty, options, onChange, help, errors, notes }: {
  label: string; value: string; empty: string; options: [string, string][]; onChange: (value: string) => void;
  help?: string; errors?: string[]; notes?: Note[];
}) {
  return (
    <Field label={label} {...(help && { help })} {...(errors && { errors })} {...(notes && { notes })}>
      {(attributes) => (
        <select {...attributes} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          <option value="">{empty}</option>
          {options.map(([name, shown]) => <option key={name} value={name}>{shown}</option>)}
          {value && !options.some(([name]) => name === value) && <option value={value}>{value}</option>}
        </select>
      )}
    </Field>
  );
}

/** A field for a text or a number; empty means "not set". */
export function TextField({ label, value, onChange, help, errors, notes, type = "text", min, max, step, maxLength, isFocused = false }: {
  label: string; value: string | number | undefined; onChange: (value: string) => void; help?: string; errors?: string[];
  notes?: Note[]; type?: "text" | "number"; min?: number; max?: number; step?: number | "any"; maxLength?: number; isFocused?: boolean;
}) {
  return (
    <Field label={label} {...(help && { help })} {...(errors && { errors })} {...(notes && { notes })}>
      {(attributes) => (
        <input {...attributes} {...(type === "number" ? { type: "number", inputMode: "decimal", min, max, step } : { type: "text", maxLength })}
          value={value ?? ""} autoFocus={isFocused} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
    </Field>
  );
}

/** Returns the number of a field; undefined if it is empty. */
export const numberOf = (text: string): number | undefined => (text === "" || Number.isNaN(Number(text)) ? undefined : Number(text));

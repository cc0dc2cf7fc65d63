//! Applies a change to one scene of a brief.

use super::{Brief, FieldProblem, SceneOverride};

/// The fields of a scene to change. `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneChange {
    /// The new visual idea.
    pub prompt: Option<String>,
    /// The new engine. Naming the current engine calls it again if the scene used a fallback.
    pub engine: Option<String>,
    /// The new caption, shown over the whole scene. The spoken words stay unchanged.
    pub caption: Option<String>,
}

impl SceneChange {
    /// Returns the brief with one scene changed. `scene` is a number (1 is the first) or an id: `3` or `scene_03`.
    /// `count` is the number of scenes, or 0 if it is unknown. If the change names an engine, the scene also gets a
    /// new take, so that the engine is called again.
    ///
    /// # Errors
    /// Returns the wrong field: `(body)` if there is no change, `scene` if the film has no such scene, or the
    /// field that makes the changed brief invalid.
    pub fn apply_to(
        &self,
        mut brief: Brief,
        scene: &str,
        count: usize,
    ) -> Result<Brief, FieldProblem> {
        if *self == Self::default() {
            let reason = "no change is given: set `prompt`, `engine` or `caption`";
            return Err(FieldProblem::new("(body)", reason));
        }
        let place = scene_place(scene).filter(|place| count == 0 || *place as usize <= count);
        let place = place.ok_or_else(|| {
            let known = match count {
                0 => "the first scene is `1` or `scene_01`".to_owned(),
                1 => "the film has one scene: `1` or `scene_01`".to_owned(),
                _ => format!(
                    "the film has {count} scenes: `1` to `{count}` or `scene_01` to \
                         `scene_{count:02}`"
                ),
            };
            FieldProblem::new("scene", format!("there is no scene `{scene}`; {known}"))
        })?;
        let index = brief.scenes.iter().position(|own| own.scene == place).unwrap_or_else(|| {
            brief.scenes.push(SceneOverride { scene: place, ..SceneOverride::default() });
            brief.scenes.len() - 1
        });
        let own = &mut brief.scenes[index];
        let put = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        put(&mut own.prompt, &self.prompt);
        put(&mut own.engine, &self.engine);
        put(&mut own.caption, &self.caption);
        if self.engine.is_some() {
            own.take = Some(own.take.unwrap_or(0).saturating_add(1));
        }
        match brief.problem() {
            Some(problem) => {
                let ours = format!("scenes[{index}].");
                let field = problem.field.strip_prefix(&ours).unwrap_or(&problem.field);
                Err(FieldProblem::new(field, problem.reason))
            }
            None => Ok(brief),
        }
    }
}

/// Parses a scene's number from `3` or `scene_03`. Returns `None` for other texts and for 0, since 1 is the first
/// scene.
pub fn scene_place(scene: &str) -> Option<u32> {
    scene.strip_prefix("scene_").unwrap_or(scene).parse().ok().filter(|place| *place > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief() -> Brief {
        serde_json::from_value(serde_json::json!({"script": "One. Two. Three."})).expect("a brief")
    }

    #[test]
    fn a_change_becomes_part_of_the_brief() {
        let change = SceneChange { engine: Some("runway".to_owned()), ..SceneChange::default() };
        let once = change.apply_to(brief(), "scene_02", 3).expect("changes");
        let twice = change.apply_to(once, "2", 3).expect("changes");
        let own = &twice.scenes[0];
        assert_eq!((own.scene, own.engine.as_deref(), own.take), (2, Some("runway"), Some(2)));
        assert_eq!(twice.scenes.len(), 1);
    }

    #[test]
    fn nothing_to_change_and_unknown_scenes_are_refused() {
        let field = |change: &SceneChange, scene: &str| {
            change.apply_to(brief(), scene, 3).expect_err("is refused").field
        };
        let change = SceneChange { caption: Some("Four".to_owned()), ..SceneChange::default() };
        assert_eq!(field(&SceneChange::default(), "1"), "(body)");
        for scene in ["0", "4", "scene_04", "-1", "one", ""] {
            assert_eq!(field(&change, scene), "scene", "{scene}");
        }
    }
}

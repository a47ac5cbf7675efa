/**
 * A property path: names joined by dots; `*` stands for any list element or map key. `VersioningConfiguration.Status`
 */
export type Path = string;

/** The program's version, by semantic versioning. */
export const VERSION = "1.0.0";

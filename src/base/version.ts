/** Version of the program (Semantic Versioning 2.0.0). */
export const VERSION = "1.0.0";

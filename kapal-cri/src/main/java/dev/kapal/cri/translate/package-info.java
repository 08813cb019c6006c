/** The interface's messages as the engine's records and back: pure functions. */
@NullMarked
package dev.kapal.cri.translate;

import org.jspecify.annotations.NullMarked;

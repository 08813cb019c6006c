/** Protocol Buffers, as far as shims need them: the wire format, and no generated code. */
@NullMarked
package dev.kapal.runtime.wire;

import org.jspecify.annotations.NullMarked;

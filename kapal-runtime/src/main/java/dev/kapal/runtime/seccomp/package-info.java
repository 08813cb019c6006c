/** Seccomp: a compiler from the specification's filters to BPF, and the default profile. */
@NullMarked
package dev.kapal.runtime.seccomp;

import org.jspecify.annotations.NullMarked;

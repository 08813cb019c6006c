/** Readers of the configurations of Docker, containerd, CRI-O and crictl. */
@NullMarked
package dev.kapal.config.foreign;

import org.jspecify.annotations.NullMarked;

/** The image store of one machine: {@link dev.kapal.image.local.LocalImages}. */
@NullMarked
package dev.kapal.image.local;

import org.jspecify.annotations.NullMarked;

/** Unpacks layers into directories for overlayfs, working on descriptors only. */
@NullMarked
package dev.kapal.image.unpack;

import org.jspecify.annotations.NullMarked;

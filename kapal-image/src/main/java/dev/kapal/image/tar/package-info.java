/** Reads and writes tar archives: ustar, pax and GNU. Knows nothing of files on disk. */
@NullMarked
package dev.kapal.image.tar;

import org.jspecify.annotations.NullMarked;

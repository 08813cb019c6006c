/** The content store on disk. */
@NullMarked
package dev.kapal.image.store;

import org.jspecify.annotations.NullMarked;

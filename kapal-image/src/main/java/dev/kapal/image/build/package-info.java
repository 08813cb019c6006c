/** Makes the image that Kapal brings along; runs when Kapal is built. */
@NullMarked
package dev.kapal.image.build;

import org.jspecify.annotations.NullMarked;

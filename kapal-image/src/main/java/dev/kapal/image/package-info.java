@NullMarked
package dev.kapal.image;

import org.jspecify.annotations.NullMarked;

@NullMarked
package dev.kapal.daemon;

import org.jspecify.annotations.NullMarked;

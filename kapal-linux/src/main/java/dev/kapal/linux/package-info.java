@NullMarked
package dev.kapal.linux;

import org.jspecify.annotations.NullMarked;

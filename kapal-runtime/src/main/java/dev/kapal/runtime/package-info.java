@NullMarked
package dev.kapal.runtime;

import org.jspecify.annotations.NullMarked;

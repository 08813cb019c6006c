@NullMarked
package dev.kapal.engine;

import org.jspecify.annotations.NullMarked;

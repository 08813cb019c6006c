@NullMarked
package dev.kapal.cli;

import org.jspecify.annotations.NullMarked;

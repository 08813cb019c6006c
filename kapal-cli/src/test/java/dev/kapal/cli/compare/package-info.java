@NullMarked
package dev.kapal.cli.compare;

import org.jspecify.annotations.NullMarked;

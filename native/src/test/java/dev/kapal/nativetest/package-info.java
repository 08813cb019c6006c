/** Runs the C tests of the native program as JUnit tests. */
@NullMarked
package dev.kapal.nativetest;

import org.jspecify.annotations.NullMarked;

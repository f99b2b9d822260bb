/* In the place of clang's, which contradicts mingw-w64's headers: as_microsoft.h has what is
   needed. */

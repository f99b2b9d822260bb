/* A DLL without code: its export list forwards its callers elsewhere. */
void backward_nothing(void);

void backward_nothing(void)
{
}
